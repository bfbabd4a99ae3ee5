// `npm run state-fixture -- VERSION`: has the ds01 of this checkout fill every book of its state directory, on an engine
// of the bed, and writes what it leaves behind to test/testdata/released. To be run once for each release.
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { bedName } from "../bed/engine-record.ts";
import { readGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "../e2e/host.ts";
import type { Host } from "../e2e/host.ts";
import { containerSpec, quotaSpec } from "../e2e/spec-text.ts";
import { GitBed } from "../support/git-repository.ts";
import { readFolder, writeReleasedState } from "../support/released-state.ts";
import type { ReleasedContainer } from "../support/released-state.ts";

const nvidia = "A100-80GB:3g.40gb 7xA100-80GB";

const [version] = process.argv.slice(2);
if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
  process.stderr.write("usage: npm run state-fixture -- VERSION\n");
  process.exit(2);
}
const folder = mkdtempSync(join(realpathSync(tmpdir()), "ds01-fixture-"));
const specs = join(folder, "specs");
const git = new GitBed(join(folder, "git"));
const cgroupRoot = `${bedName(`e2e-fixture-${process.pid}`)}/ds01`;
const configuration = `trust: path
instance: released
cgroupRoot: ${cgroupRoot}
mig: { dynamic: true }
sources:
  - name: local
    directory: { path: ${specs} }
  - name: lab
    git: { url: ${git.bare}, ref: main, interval: 1h }
`;

drop("quotas/everybody.yaml", quotaSpec("everybody", { subjects: { default: true }, maxContainers: 20 }));
drop("quotas/bob.yaml", quotaSpec("bob", { subjects: { users: ["bob"] }, aggregate: { memory: "1Gi" } }));
drop(
  "users/alice/train.yaml",
  containerSpec("train", { gpus: { count: 1 }, lifecycle: { idleTimeout: "48h" } }),
);
git.write("users/gina/serve.yaml", containerSpec("serve", { gpus: { count: 1 } }));
git.write("users/gina/more.yaml", containerSpec("more"));
git.push();

const host = await startHost({ name: "fixture", nvidia, configuration });
try {
  await fill(host);
  const containers = await containersOf(host);
  await host.controller.end("SIGTERM");
  const places = {
    specs,
    repository: git.bare,
    state: host.stateDir,
    cgroupRoot,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  };
  const path = writeReleasedState(
    {
      version,
      capturedAt: Date.now(),
      nvidia,
      gpuState: readGpuState(host.engine.gpuState),
      state: readFolder(host.stateDir, (one) => /^instance|\/hooks(\/|$)/.test(one)),
      specs: readFolder(specs),
      repository: readFolder(git.bare, (one) => one.startsWith("hooks")),
      configuration,
      containers,
    },
    places,
  );
  process.stdout.write(`${path}\n`);
} finally {
  await host.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Each of these leaves something in a book of its own. */
async function fill(machine: Host): Promise<void> {
  const begun = Date.now();
  const ds01 = async (...line: string[]): Promise<string> => {
    const { code, stdout, stderr } = await machine.ds01(...line);
    if (code !== 0) throw new Error(`ds01 ${line.join(" ")}: ${stderr}`);
    return stdout;
  };
  await machine.waitForReady("alice/train", 60_000);
  await machine.waitForReady("gina/serve", 60_000);
  await machine.waitForReady("gina/more", 60_000);
  drop("reservations/course.yaml", reservation());

  drop("users/alice/web.yaml", containerSpec("web", { resources: { memory: "64Mi", cpus: 1 } }));
  drop(
    "users/alice/kept.yaml",
    containerSpec("kept", { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "48h" } }),
  );
  drop("users/alice/slice.yaml", containerSpec("slice", { gpus: { count: 1, profile: "2g.20gb" } }));
  drop(
    "users/alice/named.yaml",
    containerSpec("named", { image: "team/tool:1", imageAliases: ["bed/base:1"] }),
  );
  drop("users/bob/worker.yaml", containerSpec("worker", { resources: { memory: "64Mi" } }));
  drop(
    "users/bob/done.yaml",
    containerSpec("done", {
      command: ["sh", "-c", "echo result; sleep 1"],
      restartPolicy: "Never",
      gpus: { count: 1 },
    }),
  );
  drop("users/bob/sweep.yaml", containerSpec("sweep", { replicas: 2, resources: { memory: "64Mi" } }));
  drop("users/carol/mistaken.yaml", containerSpec("mistaken"));
  drop("users/carol/kept-on.yaml", annotated(containerSpec("kept-on")));
  drop("users/dave/deleted.yaml", containerSpec("deleted", { gpus: { count: 1 } }));
  for (const key of ["alice/web", "alice/kept", "alice/slice", "alice/named", "bob/worker"])
    await machine.waitForReady(key, 60_000);
  for (const key of ["carol/mistaken", "carol/kept-on", "dave/deleted"])
    await machine.waitForReady(key, 60_000);
  await machine.waitForObject("bob/sweep", "running", ({ status }) => status.elements?.running === 2);
  await machine.waitForPhase("bob/done", "Completed", 60_000);

  await ds01("stop", "kept");
  await machine.waitForPhase("alice/kept", "Held");
  drop("users/carol/mistaken.yaml", containerSpec("mistaken").replace("image:", "imgae:"));
  rmSync(join(specs, "users/carol/kept-on.yaml"));
  await machine.remove("dave/deleted");
  await machine.waitForObject("carol/mistaken", "refused", ({ status }) =>
    status.conditions.some(({ type, status: is }) => type === "Accepted" && is === "False"),
  );
  await ds01("keepalive", "train", "--for", "12h");
  await ds01("stop", "serve", "-n", "gina", "--override", "20h", "--reason", "the card is needed");
  await waitFor("the override to be carried out", async () => {
    const { State } = await machine.dockerInspect("gina/serve");
    return !State.Running;
  });
  await ds01("suspend", "source", "lab", "--reason", "the server moves");
  await ds01("cordon", "gpu/7", "--reason", "memory test");
  await fallIll(machine);
  await ds01("emergency-stop", "--user", "mallory", "--reason", "smoke");
  await adopt(machine, ds01);
  await applyServerSide(machine);
  // Who uses how much is looked at each minute.
  await waitFor("the first look at what is used", () => Date.now() - begun > 65_000, { timeoutMs: 90_000 });
  // What is only written from time to time is written at the end.
  await machine.client.resync();
  await sleep(1500);
}

/** A card with a history: nobody has it, and nobody gets it. */
async function fallIll(machine: Host): Promise<void> {
  updateGpuState(machine.engine.gpuState, ({ gpus }) => {
    const [card] = gpus.slice(6);
    if (card !== undefined) card.eccUncorrected = 3;
  });
  await waitFor("the card to be found ill", () =>
    readFileSync(join(machine.stateDir, "devices.json"), "utf8").includes("uncorrectedErrors"),
  );
}

/** A container of plain Docker that stands for a spec. */
async function adopt(machine: Host, ds01: (...line: string[]) => Promise<string>): Promise<void> {
  const container = await machine.engine.docker.createContainer({
    Image: "bed/base:1",
    name: "old-tool",
    Labels: { "aime.mlc": "alice", "aime.mlc.USER": "alice", "aime.mlc.NAME": "old-tool" },
  });
  await container.start();
  await ds01("import", "container", "old-tool");
  await machine.waitForReady("alice/old-tool");
}

/** Two managers of fields, one of them kubectl with what it remembers. */
async function applyServerSide(machine: Host): Promise<void> {
  const body = stringify({
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name: "web", labels: { team: "vision" } },
  });
  await new Promise<void>((resolve, reject) => {
    const path = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/web?fieldManager=kubectl";
    const headers = { "content-type": "application/apply-patch+yaml" };
    const sent = request({ socketPath: machine.socketPath, method: "PATCH", path, headers });
    sent.once("error", reject).once("response", (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`apply: ${response.statusCode} ${answer}`));
      }, reject);
    });
    sent.end(body);
  });
}

async function containersOf(machine: Host): Promise<readonly ReleasedContainer[]> {
  const listed = await machine.engine.docker.listContainers({ all: true });
  const inspected = await Promise.all(
    listed.map(async ({ Id }) => machine.engine.docker.getContainer(Id).inspect()),
  );
  return inspected
    .map(({ Id, Name, State, Config, HostConfig }) => ({
      id: Id,
      name: Name.slice(1),
      running: State.Running,
      startedAt: State.StartedAt,
      finishedAt: State.FinishedAt,
      config: Config,
      hostConfig: HostConfig,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function reservation(): string {
  const day = 24 * 3_600_000;
  const [start, end] = [30, 31].map((days) => new Date(Date.now() + days * day).toISOString());
  return stringify({
    apiVersion: "ds01.io/v1alpha1",
    kind: "ReservationSpec",
    metadata: { name: "course" },
    spec: { subjects: { users: ["cora"] }, gpus: { count: 1 }, start, end },
  });
}

function annotated(spec: string): string {
  return spec.replace("metadata:\n", 'metadata:\n  annotations: {"ds01.io/prune": disabled}\n');
}

function drop(path: string, content: string): void {
  const target = join(specs, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${folder}/draft`, content);
  renameSync(`${folder}/draft`, target);
}
