import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addStandInImage } from "../support/stand-in-image.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";

const examples = join(import.meta.dirname, "../../examples");

// The job's stand-in of Python ends well at once, the server's stays.
const python = `#!/bin/sh
[ "$1" = -m ] && exec /bin/serve
nvidia-smi -L
`;

/** Images of the examples, and what of their content the examples run. */
const images: Readonly<Record<string, string | undefined>> = {
  "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime": python,
  "quay.io/jupyter/pytorch-notebook:cuda12-latest": undefined,
  "nginx:1.27-alpine": undefined,
  "lab/jax-tpu:0.4": `#!/bin/sh
[ "$PJRT_DEVICE" = TPU ] && ls /dev | grep accel
`,
};

describe("the examples", () => {
  let host: Host;
  const tpus = mkdtempSync(join(tmpdir(), "ds01-example-tpu-"));

  beforeAll(async () => {
    mkdirSync(join(tpus, "dev"));
    // Openable, as a chip is: the numbers of /dev/null.
    for (const chip of [0, 1, 2, 3]) execFileSync("mknod", [join(tpus, `dev/accel${chip}`), "c", "1", "3"]);
    host = await startHost({
      name: "examples",
      nvidia: "A100-80GB:3g.40gb+2g.20gb 3xA100-80GB",
      gpus: `nvidia,tpu:${tpus}`,
    });
    for (const [name, program] of Object.entries(images)) {
      const files = program === undefined ? [] : [{ path: "bin/python", mode: 0o755, content: program }];
      await addStandInImage(host.engine.docker, name, files);
    }
  });

  afterAll(async () => {
    await host.stop();
    rmSync(tpus, { recursive: true, force: true });
  });

  /** Applies a file of an example as alice does; the directories are those of this test, and Docker grants no more CPUs than there are. */
  async function apply(path: string): Promise<void> {
    const text = readFileSync(join(examples, path), "utf8")
      .replaceAll(/cpus: [\d.]+/g, "cpus: 1")
      // An engine in a sandbox cannot give what it does not have itself.
      .replace("add: [SYS_RESOURCE, IPC_LOCK]", "add: [IPC_LOCK]")
      .replaceAll("/home/", `${host.directory}/home/`)
      .replaceAll("path: /data/", `path: ${host.directory}/data/`)
      .replaceAll('path: "/data/', `path: "${host.directory}/data/`);
    const result = await host.ds01With({ stdin: text }, "apply", "-f", "-");
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  it("must validate, each folder of them", async () => {
    const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) {
      const folder = join(examples, name, name === "quickstart" ? "specs" : "");
      const result = await host.ds01("validate", folder);
      expect(result, result.stdout).toMatchObject({ code: 0 });
      expect(result.stdout).toMatch(/\d ok\n$/);
    }
    expect(folders.length).toBeGreaterThan(5);
  });

  it("gpu-job must complete, and give its GPU back", async () => {
    await apply("gpu-job/train.yaml");

    await host.waitForPhase("alice/train", "Completed");

    const { stdout } = await host.ds01("logs", "train");
    expect(stdout.match(/^GPU 0: NVIDIA A100-SXM4-80GB/gm)).toHaveLength(1);
    await host.waitForObject(
      "alice/train",
      "without GPUs",
      ({ status }) => status.gpus.length === 0 && status.holdUntil === undefined,
    );
    const holders = [...(await host.gpus()).values()].map(({ status }) => status.holder?.name);
    expect(holders).not.toContain("train");
  });

  it("mig-slice must run on the slice", async () => {
    await apply("mig-slice/infer.yaml");

    const { status } = await host.waitForReady("alice/infer");

    expect(status.gpus).toMatchObject([{ profile: "2g.20gb", slot: "0:1" }]);
  });

  it("notebook must run with its port, a GPU and its files", async () => {
    mkdirSync(join(host.directory, "home/alice/work"), { recursive: true });
    mkdirSync(join(host.directory, "data/shared"), { recursive: true });
    writeFileSync(join(host.directory, "data/shared/hello"), "hello\n");
    await apply("notebook/quota.yaml");
    await apply("notebook/notebook.yaml");

    const { status } = await host.waitForReady("alice/notebook");
    expect(status.gpus).toHaveLength(1);
    expect(await host.dockerExec("alice/notebook", "cat", "/data/hello")).toMatchObject({
      output: "hello\n",
    });
    const { HostConfig } = await host.dockerInspect("alice/notebook");
    expect(HostConfig.PortBindings).toEqual({ "8888/tcp": [{ HostIp: "127.0.0.1", HostPort: "8888" }] });
  });

  it("cpu-service must come back when somebody removes its container", async () => {
    await apply("cpu-service/web.yaml");
    const before = await host.waitForReady("alice/web");

    await host.engine.docker.getContainer("web._.alice").remove({ force: true });

    const isAnother = (id: string | undefined): boolean =>
      id !== undefined && id !== before.status.container?.id;
    await host.waitForObject(
      "alice/web",
      "made anew",
      ({ status }) => status.phase === "Running" && isAnother(status.container?.id),
    );
    expect((await host.dockerInspect("alice/web")).Config.Env).toContain("NVIDIA_VISIBLE_DEVICES=void");
  });

  it("stopped-and-started must start when told, keep its GPU while stopped, and get it again", async () => {
    await apply("stopped-and-started/workbench.yaml");
    await host.waitForPhase("alice/workbench", "Stopped");

    expect(await host.ds01("start", "workbench")).toMatchObject({ code: 0 });
    const first = await host.waitForReady("alice/workbench");
    expect(await host.ds01("stop", "workbench")).toMatchObject({ code: 0 });
    const held = await host.waitForPhase("alice/workbench", "Held");
    expect(await host.ds01("start", "workbench")).toMatchObject({ code: 0 });
    const second = await host.waitForReady("alice/workbench");

    expect(first.status.gpus).toHaveLength(1);
    expect(held.status.gpus).toEqual(first.status.gpus);
    expect(second.status.gpus).toEqual(first.status.gpus);
  });

  it("tpu-job must hold its chips with the rights it asks for", async () => {
    await apply("tpu-job/quota.yaml");
    await apply("tpu-job/bert.yaml");

    await host.waitForPhase("alice/bert", "Completed");

    const { HostConfig } = await host.dockerInspect("alice/bert");
    expect(HostConfig).toMatchObject({ Privileged: false, NetworkMode: "host" });
    const added = (HostConfig.CapAdd as string[]).map((name) => name.replace(/^CAP_/, ""));
    expect(added.toSorted()).toEqual(["IPC_LOCK"]);
    expect((await host.ds01("logs", "bert")).stdout).toBe("accel0\naccel1\naccel2\naccel3\n");
    await host.remove("alice/bert");
  });

  it("quotas must be in effect, and refuse what they forbid with the numbers and the file", async () => {
    for (const name of ["default", "students", "researchers"]) await apply(`quotas/${name}.yaml`);

    const { stdout } = await host.ds01("get", "quotas", "-o", "name");
    expect(stdout.split("\n").toSorted()).toEqual(
      expect.arrayContaining(["quota/default", "quota/researchers", "quota/students"]),
    );
    const tooMuch = readFileSync(join(examples, "gpu-job/train.yaml"), "utf8").replace(
      "memory: 16Gi",
      "memory: 999Gi",
    );
    const refused = await host.ds01With(
      { stdin: tooMuch.replace("name: train", "name: big") },
      "apply",
      "-f",
      "-",
    );
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(
      /asks for 999Gi of memory; quota "default" allows 64Gi in one container \(quotas\/default\.yaml:\d+\)/,
    );
  });
});
