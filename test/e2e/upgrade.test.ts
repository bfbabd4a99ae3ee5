import { mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDockerProxy } from "../bed/docker-proxy.ts";
import { startEngine } from "../bed/engine.ts";
import { bedName } from "../bed/engine-record.ts";
import { waitFor } from "../bed/wait-for.ts";
import {
  movedInTime,
  movedTo,
  releasedStates,
  withJson,
  writeFolder,
  type ReleasedContainer,
  type ReleasedState,
} from "../support/released-state.ts";
import { holdsFor } from "./holds-for.ts";
import { conditionOf, Host } from "./host.ts";

/** What people have said, which no time that goes by changes. */
const said = [
  "adoptions.json",
  "alias-tags.json",
  "devices.json",
  "emergency-stops.json",
  "keep-alives.json",
  "mig-slices.json",
  "source-suspensions.json",
  "stop-overrides.json",
  "tombstones.json",
];

describe.each(releasedStates())("an upgrade from $version", (released) => {
  let host: Host;
  let before: ReadonlyMap<string, string> = new Map();
  let stateBefore: ReleasedState["state"] = {};

  beforeAll(async () => {
    host = await machineOf(released);
    const containers = await recreate(host, movedTo(released, placesOf(host)).containers);
    before = await picture(host);
    stateBefore = stateFor(released, host, containers);
    writeFolder(host.stateDir, stateBefore);
    host.proxy.clear();
    await host.startController();
  });

  afterAll(async () => host.stop());

  it("must change nothing in Docker", async () => {
    await host.waitForReady("alice/train");
    await host.waitForReady("gina/more");
    await host.client.resync();
    await holdsFor(5000, async () => expect(host.proxy.mutations()).toEqual([]));
    expect(await picture(host)).toEqual(before);
    await host.restartController();
    await host.waitForReady("alice/train");
    await host.client.resync();
    expect(host.proxy.mutations()).toEqual([]);
    expect(await picture(host)).toEqual(before);
  });

  it("must show each object as the released version left it", async () => {
    for (const key of [
      "alice/train",
      "alice/web",
      "alice/slice",
      "alice/named",
      "bob/worker",
      "alice/old-tool",
    ])
      await host.waitForReady(key);
    await host.waitForPhase("bob/done", "Completed");
    expect((await host.waitForPhase("alice/kept", "Held")).status.gpus).toHaveLength(1);
    const mistaken = await host.waitForObject("carol/mistaken", "there", () => true);
    expect(conditionOf(mistaken, "Accepted")?.status).toBe("False");
    for (const key of before.keys()) {
      const [uid = "", generation = ""] = before.get(key)?.split(" ") ?? [];
      if (uid === "") continue;
      const found = await waitFor(key, async () =>
        (await host.client.list(containers, {})).items.find(({ metadata }) => metadata.uid === uid),
      );
      expect(found.metadata.generation).toBeGreaterThanOrEqual(Number(generation));
    }
    const web = await host.container("alice/web");
    expect(web?.metadata.managedFields).toContainEqual(
      expect.objectContaining({ manager: "kubectl", operation: "Apply" }),
    );
  });

  it("must know what people have said: stops, overrides, suspensions, cordons and deletions", async () => {
    expect(await host.client.emergencyStops()).toMatchObject([{ user: "mallory", reason: "smoke" }]);
    expect(await host.client.deletedObjects()).toMatchObject([{ namespace: "dave", name: "deleted" }]);
    await host.waitForGpu("7", "cordoned", ({ status }) => status.state === "Cordoned");
    await expect.poll(async () => (await host.ds01("get", "sources")).stdout).toMatch(/^lab .*Suspended/m);
    const serve = await host.container("gina/serve");
    expect(JSON.stringify(serve?.status)).toContain("the card is needed");
    expect((await host.ds01("describe", "container", "train")).stdout).toMatch(/keepalive|kept|left alone/i);
  });

  it("must tell of nothing damaged or unknown, and lose nothing when it writes", async () => {
    const told = host.controller.logLines().map(({ reason }) => String(reason));
    expect(told.filter((reason) => /State|Unreadable|NotWritten|Fault/.test(reason))).toEqual([]);
    expect(await host.controller.end("SIGTERM")).toBe(0);
    for (const name of said) {
      const file = stateBefore[name];
      if (file === undefined || !("text" in file)) throw new Error(`the fixture has no ${name}`);
      expect(JSON.parse(readFileSync(join(host.stateDir, name), "utf8")), name).toEqual(
        JSON.parse(file.text),
      );
    }
  });

  it.each(said.filter((name) => name !== "mig-slices.json"))(
    "must refuse a %s of a version to come, and leave it as it is",
    async (name) => {
      const path = join(host.stateDir, name);
      const [now, later] = [readFileSync(path, "utf8"), '{"version":2,"all":"else"}\n'];
      writeFileSync(path, later);
      const { code, stderr } = await host.controllerOnce();
      expect(stderr).toContain(`${path} has format 2; this ds01 knows formats up to 1`);
      expect(code).toBe(78);
      expect(readFileSync(path, "utf8")).toBe(later);
      writeFileSync(path, now);
    },
  );
});

const containers = {
  kind: "ContainerSpec",
  plural: "containers",
  singular: "container",
  aliases: [],
  namespaced: true,
  observed: false,
  apiVersion: "ds01.io/v1alpha1",
} as const;

function placesOf(host: Host): Parameters<typeof movedTo>[1] {
  return {
    specs: join(host.directory, "local"),
    repository: join(host.directory, "specs.git"),
    state: host.stateDir,
    cgroupRoot: `${bedName(host.engine.name)}/ds01`,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  };
}

/** An engine with the same cards and images, and the specs; no controller yet. */
async function machineOf(released: ReleasedState): Promise<Host> {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "ds01-e2e-"));
  const { nvidia } = released;
  const engine = await startEngine({ name: `e2e-upgrade-${process.pid}`, nvidia });
  const proxy = await startDockerProxy(engine.socketPath);
  const draft = new Host({ engine, proxy, directory, options: { name: "upgrade", nvidia } });
  const { configuration, specs, repository, gpuState } = movedTo(released, placesOf(draft));
  const host = new Host({ engine, proxy, directory, options: { name: "upgrade", nvidia, configuration } });
  host.configure(configuration);
  writeFolder(placesOf(host).specs, specs);
  writeFolder(placesOf(host).repository, repository);
  mkdirSync(host.logDir, { recursive: true });
  writeFileSync(engine.gpuState, JSON.stringify(gpuState));
  await engine.docker.getImage("bed/base:1").tag({ repo: "team/tool", tag: "1" });
  return host;
}

interface Again {
  readonly old: ReleasedContainer;
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** The same containers, labels and all, in the state in which they were. */
async function recreate(host: Host, old: readonly ReleasedContainer[]): Promise<readonly Again[]> {
  const { docker } = host.engine;
  return Promise.all(
    old.map(async (one) => {
      const { Hostname: _own, ...config } = one.config;
      const container = await docker.createContainer({
        ...config,
        name: one.name,
        HostConfig: one.hostConfig,
      });
      await container.start();
      if (!one.running && config.Cmd?.at(-1)?.includes("sleep 1") !== true) await container.stop({ t: 5 });
      const { Id, State } = await waitFor(`${one.name} to be as it was`, async () => {
        const inspected = await container.inspect();
        return inspected.State.Running === one.running && inspected;
      });
      return { old: one, id: Id, startedAt: State.StartedAt, finishedAt: State.FinishedAt };
    }),
  );
}

/** The state as if it had been written on this machine just now. */
function stateFor(released: ReleasedState, host: Host, again: readonly Again[]): ReleasedState["state"] {
  const byMs = Date.now() - released.capturedAt;
  const replaced = again.flatMap(({ old, id, startedAt, finishedAt }) => {
    const times = [
      [old.startedAt, startedAt],
      [old.finishedAt, finishedAt],
    ].flatMap(([from = "", to = ""]): [string, string][] => {
      const [past, now] = [Date.parse(from) + byMs, Date.parse(to)];
      return Number.isNaN(past) || past < Date.parse("2020-01-01")
        ? []
        : [
            [new Date(past).toISOString(), new Date(now).toISOString()],
            [String(past), String(now)],
          ];
    });
    return [[old.id, id] as [string, string], ...times];
  });
  const { state } = movedTo(released, placesOf(host));
  return withJson(movedInTime(state, byMs), (value) => {
    let text = JSON.stringify(value);
    for (const [from, to] of replaced) text = text.replaceAll(from, to);
    return JSON.parse(text) as unknown;
  });
}

/** Everything of each container that a change would show. */
async function picture(host: Host): Promise<ReadonlyMap<string, string>> {
  const listed = await host.engine.docker.listContainers({ all: true });
  const rows = listed.map(async ({ Id }): Promise<[string, string]> => {
    const { Name, Config, State } = await host.engine.docker.getContainer(Id).inspect();
    const { "ds01.uid": uid = "", "ds01.generation": generation = "" } = Config.Labels;
    return [Name, `${uid} ${generation} ${Id} ${State.Status} ${State.StartedAt}`];
  });
  return new Map((await Promise.all(rows)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
