import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { markdownParts } from "../support/markdown.ts";
import { waitFor } from "../bed/wait-for.ts";
import { addStandInImage } from "../support/stand-in-image.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";

const examples = join(import.meta.dirname, "../../examples");

// The job's stand-in of Python ends well at once, the server's stays.
const python = `#!/bin/sh
[ "$1" = -m ] && exec /bin/serve
[ "$1" = train.py ] && echo "$@" && sleep 1
nvidia-smi -L
`;

/** Downloads a model unless it is in the cache, and leaves a result. */
const energyScore = `#!/bin/sh
model=$HF_HOME/hub/model
if [ "$BENCHMARK_BACKEND" = vllm ]; then echo "the server has the model"
elif [ -e "$model" ]; then echo "in the cache"
else echo "downloading" && mkdir "$HF_HOME/hub" && echo weights >"$model" || exit 1; fi
echo "$4" >"/results/$BENCHMARK_BACKEND"
`;

/** A user that every system has, for what needs an account. */
const nobody = 65_534;

// The stand-in of Jupyter says where it is, and serves at that port.
const startNotebook = `#!/bin/sh
echo "http://127.0.0.1:8888/lab?token=f00" >&2
mkdir -p /www && echo lab >/www/lab
httpd -p 8888 -h /www && exec /bin/serve
`;

/** Images of the examples, and what of their content the examples run. */
const images: Readonly<Record<string, string | undefined>> = {
  "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime": python,
  "quay.io/jupyter/pytorch-notebook:cuda12-latest": undefined,
  "nginx:1.27-alpine": undefined,
  "pytorchdatascience:v1.0": `#!/bin/sh
[ -f "$1" ] && id -u && echo trained >bindmount/model
`,
  // Stands in for the example's Python file as well.
  "lab/tae-tpu:v1": `#!/bin/sh
[ -f "$1" ] && [ -d /datasets ] && [ -w /scratch ] || exit 2
echo run >>/checkpoints/runs && cat /checkpoints/runs
`,
  "python:3.12-slim": "#!/bin/sh\nexit 0\n",
  "mcr.microsoft.com/devcontainers/python:3.12": undefined,
  "busybox:1.37": undefined,
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
    const entry = { path: "bin/energy-score", mode: 0o755, content: energyScore };
    await addStandInImage(host.engine.docker, "ai_energy_score:latest", [entry], "/bin/energy-score");
    for (const path of [host.directory, host.specs, join(host.specs, "users")]) chmodSync(path, 0o755);
    mkdirSync(homeOf("nobody"), { recursive: true });
    chownSync(homeOf("nobody"), nobody, nobody);
    const jupyter = { path: "bin/start-notebook.py", mode: 0o755, content: startNotebook };
    await addStandInImage(host.engine.docker, "quay.io/jupyter/scipy-notebook:2025-03-14", [jupyter]);
  });

  afterAll(async () => {
    await host.stop();
    rmSync(tpus, { recursive: true, force: true });
  });

  function homeOf(user: string): string {
    return join(host.directory, "home", user);
  }

  /** Starts the controller anew with what a README has for the configuration; `{home}` is one of this test. */
  async function configure(readme: string, nth: number): Promise<void> {
    const { blocks } = markdownParts(readFileSync(join(examples, readme), "utf8"));
    const text = blocks.filter(({ language }) => language === "yaml")[nth]?.text ?? "";
    host.configure(`trust: path\n${text.replaceAll("{home}", `${host.directory}/home/{user}`)}`);
    await host.restartController();
  }

  /** Applies a file of an example as a user with an account. */
  async function applyAsNobody(path: string): Promise<void> {
    const stdin = readFileSync(join(examples, path), "utf8")
      .replaceAll(/cpus: [\d.]+/g, "cpus: 1")
      .replaceAll("/home/alice/", `${homeOf("nobody")}/`)
      .replaceAll(/path: ("?)\/data\//g, `path: $1${host.directory}/data/`)
      .replaceAll('path: "/home/', `path: "${host.directory}/home/`);
    const environment = { DS01_NAMESPACE: "nobody" };
    const result = await host.ds01With({ stdin, environment }, "apply", "-f", "-");
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  async function logsOfNobody(name: string): Promise<string> {
    await host.waitForPhase(`nobody/${name}`, "Completed");
    return (await host.ds01("logs", name, "-n", "nobody")).stdout;
  }

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
      const folder = join(examples, name);
      const result = await host.ds01("validate", folder);
      expect(result, result.stdout).toMatchObject({ code: 0 });
      expect(result.stdout).toMatch(/\d ok\n$/);
    }
    expect(folders.length).toBeGreaterThan(5);
    expect(await host.ds01("validate", examples)).toMatchObject({ code: 0 });
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
    const holders = async (): Promise<readonly unknown[]> =>
      [...(await host.gpus()).values()].map(({ status }) => status.holder?.name);
    await expect.poll(holders).not.toContain("train");
  });

  it("batch-sweep must train with each learning rate after the preparation, and collect after all of them", async () => {
    await apply("batch-sweep/collect.yaml");
    await apply("batch-sweep/sweep.yaml");
    // Its elements are made after the sweep itself was taken in.
    await host.waitForObject("alice/lr-3", "waiting", ({ status }) =>
      /^(?:Dependency|Waiting)/.test(status.reason ?? ""),
    );
    await apply("batch-sweep/prepare.yaml");
    await host.waitForPhase("alice/collect", "Completed");

    const rates = ["0.1", "0.03", "0.01", "0.003"];
    for (const [index, rate] of rates.entries()) {
      const { stdout } = await host.ds01("logs", `lr-${index}`);
      expect(stdout).toContain(`train.py --lr ${rate} --run ${index} of 4`);
      expect(stdout.match(/^GPU 0: /gm)).toHaveLength(1);
    }
    const starts = await Promise.all(
      ["prepare", "lr-0", "collect"].map(async (name) => {
        const { status } = (await host.container(`alice/${name}`))!;
        return Date.parse(status.lastRun?.startedAt ?? "");
      }),
    );
    expect(starts).toEqual(starts.toSorted((one, other) => one - other));
    await expect
      .poll(async () => (await host.ds01("get", "containers", "lr")).stdout)
      .toMatch(/^lr +Completed .*all 4 completed/m);
    await host.remove("alice/collect", "alice/lr", "alice/prepare");
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

  it("jupyter must say its address with its token, to its owner", async () => {
    mkdirSync(join(host.directory, "home/alice/work"), { recursive: true });
    await apply("jupyter/quota.yaml");
    await apply("jupyter/jupyter.yaml");
    await host.waitForReady("alice/lab");
    const opened = await waitFor("the address", async () => {
      const result = await host.ds01("open", "jupyter", "lab", "--server", "gpu1");
      return result.code === 0 && result;
    });
    expect(opened.stdout).toMatch(
      /^URL: +http:\/\/127\.0\.0\.1:8888\/lab\?token=f00\nSSH: +ssh -N -L 8888:127\.0\.0\.1:8888 \S+@gpu1\n$/,
    );
    expect(opened.stderr).toContain("ds01 port-forward lab 8888");
    const other = { environment: { DS01_NAMESPACE: "bob" } };
    expect(await host.ds01With(other, "open", "jupyter", "lab")).toMatchObject({ code: 4, stdout: "" });
    await host.remove("alice/lab");
  });

  it("devcontainer must be there for an editor and a shell, with the project in it", async () => {
    mkdirSync(join(host.directory, "home/alice/project"), { recursive: true });
    writeFileSync(join(host.directory, "home/alice/project/steps.sh"), "pwd; ls; exit 3\n");
    await apply("devcontainer/quota.yaml");
    await apply("devcontainer/dev.yaml");
    await host.waitForReady("alice/dev");
    expect((await host.ds01("open", "vscode", "dev", "--server", "gpu1")).stdout).toMatch(
      /^URI: +vscode-remote:\/\/attached-container\+[0-9a-f]+@ssh-remote\+gpu1\/workspace\nRun: +code --folder-uri /,
    );
    const result = await host.ds01("run", join(host.directory, "home/alice/project/steps.sh"), "dev");
    expect(result).toMatchObject({ code: 3, stdout: "/workspace\nsteps.sh\n" });
    await host.remove("alice/dev");
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

  it("pytorch-course must run a script of the host as its owner, and leave the files to them", async () => {
    await applyAsNobody("pytorch-course/quota.yaml");
    const course = join(homeOf("nobody"), "course");
    mkdirSync(course);
    chownSync(course, nobody, nobody);
    writeFileSync(join(course, "PyTorch_MNIST.py"), "# trains\n");
    await applyAsNobody("pytorch-course/mnist.yaml");

    expect(await logsOfNobody("mnist")).toBe("65534\n");
    expect(statSync(join(course, "model"))).toMatchObject({ uid: nobody, gid: nobody });
    await host.remove("nobody/mnist");
  });

  it("ds01-classic must run what the scripts ran, and take over a container of theirs as it is", async () => {
    await applyAsNobody("ds01-classic/quota.yaml");
    const workspace = join(homeOf("nobody"), "workspace");
    mkdirSync(workspace);
    chownSync(workspace, nobody, nobody);
    mkdirSync(join(host.directory, "data/shared"), { recursive: true });
    await applyAsNobody("ds01-classic/train.yaml");
    expect(await logsOfNobody("train")).toContain("GPU 0: ");
    // It would keep its GPU for a while, and those of the other examples are in use.
    await host.remove("nobody/train");
    await applyAsNobody("ds01-classic/llm.yaml");
    const { status } = await host.waitForReady("nobody/llm");
    expect(status.gpus).toHaveLength(1);
    await host.remove("nobody/llm");

    const old = await host.engine.docker.createContainer({
      name: `llm._.${nobody}`,
      Image: "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime",
      Cmd: ["sleep", "1000"],
      User: `${nobody}:${nobody}`,
      Labels: { "aime.mlc": "nobody", "aime.mlc.USER": "nobody", "aime.mlc.NAME": "llm" },
      HostConfig: { Binds: [`${workspace}:/workspace`] },
    });
    await old.start();
    const before = await old.inspect();
    // The controller hears of it from the engine.
    await expect
      .poll(async () => (await host.ds01("import", "container", "--all", "--dry-run")).stdout)
      .toContain("user: owner");
    const result = await host.ds01("import", "container", "--all");
    expect(result, result.stderr).toMatchObject({ code: 0 });
    const adopted = await host.waitForReady("nobody/llm");
    expect(adopted.status.container?.id).toBe(before.Id);
    expect((await old.inspect()).State.StartedAt).toBe(before.State.StartedAt);
    await host.remove("nobody/llm");
  });

  it("ai-energy-score must download a model once, and leave the results of all backends", async () => {
    await configure("ai-energy-score/README.md", 0);
    await applyAsNobody("ai-energy-score/optimum.yaml");
    expect(await logsOfNobody("energy-optimum")).toBe("downloading\n");
    await applyAsNobody("ai-energy-score/pytorch.yaml");
    expect(await logsOfNobody("energy-pytorch")).toBe("in the cache\n");
    await applyAsNobody("ai-energy-score/vllm.yaml");
    expect(await logsOfNobody("energy-vllm")).toBe("the server has the model\n");

    const results = join(homeOf("nobody"), "AIEnergyScore/results");
    expect(readdirSync(results).toSorted()).toEqual(["optimum", "pytorch", "vllm"]);
    expect(readFileSync(join(results, "optimum"), "utf8")).toBe("backend.model=openai/gpt-oss-20b\n");
    expect(statSync(join(results, "vllm")).uid).toBe(nobody);
    const { Env } = (await host.dockerInspect("nobody/energy-optimum")).Config;
    expect(Env).toEqual(expect.arrayContaining(["HF_HOME=/home/user/.cache/huggingface", "HOME=/home/user"]));
    await host.remove("nobody/energy-optimum", "nobody/energy-pytorch", "nobody/energy-vllm");
  });

  it("tpu-volumes must keep its checkpoints, on the host and in named volumes by one switch", async () => {
    mkdirSync(join(host.specs, "users/nobody"), { recursive: true });
    cpSync(join(examples, "tpu-volumes/src"), join(host.specs, "users/nobody/src"), { recursive: true });
    const run = async (): Promise<string> => {
      await applyAsNobody("tpu-volumes/train.yaml");
      const logs = await logsOfNobody("ablation");
      await host.remove("nobody/ablation");
      return logs;
    };

    await configure("tpu-volumes/README.md", 0);
    expect(await run()).toBe("run\n");
    expect(await run()).toBe("run\nrun\n");
    const checkpoints = join(homeOf("nobody"), "tae/checkpoints");
    expect(statSync(join(checkpoints, "runs")).uid).toBe(nobody);
    expect((await host.ds01("get", "presets")).stdout).toMatch(
      /^checkpoints +\/checkpoints +\/.*\/tae\/checkpoints/m,
    );

    await configure("tpu-volumes/README.md", 1);
    expect(await run()).toBe("run\n");
    expect(await run()).toBe("run\nrun\n");
    expect(readFileSync(join(checkpoints, "runs"), "utf8")).toBe("run\nrun\n");
    const { stdout } = await host.ds01("get", "presets");
    expect(stdout).toMatch(/^NAME +MOUNT +SOURCE +ENV$/m);
    expect(stdout).toMatch(/^checkpoints +\/checkpoints +volume tae-checkpoints\._\.\{user\} *$/m);
    expect(stdout).toMatch(/^huggingface-cache +\S+ +volume \S+ +HF_HOME,HOME$/m);
    const { Volumes } = await host.engine.docker.listVolumes();
    expect(Volumes.map(({ Name }) => Name)).toContain("tae-checkpoints._.nobody");

    const unknown = readFileSync(join(examples, "tpu-volumes/train.yaml"), "utf8").replace(
      "models,",
      "model,",
    );
    const refused = await host.ds01With(
      { stdin: unknown, environment: { DS01_NAMESPACE: "nobody" } },
      "apply",
      "-f",
      "-",
    );
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('did you mean "models"?');
  });

  it("build-from-dockerfile must build its image and run it", async () => {
    const folder = join(host.specs, "users/alice/greeter");
    cpSync(join(examples, "build-from-dockerfile"), folder, { recursive: true });

    await host.waitForPhase("alice/greeter", "Completed");

    expect((await host.ds01("logs", "greeter")).stdout).toBe("hello from an image of my own\n");
    expect((await host.ds01("logs", "greeter", "--build")).stdout).toContain("FROM busybox:1.37");
    await host.remove("alice/greeter");
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
