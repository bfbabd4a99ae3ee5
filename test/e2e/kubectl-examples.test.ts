import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { installedKubectls, runKubectl } from "../support/kubectl.ts";
import { addStandInImage } from "../support/stand-in-image.ts";
import type { Host } from "./host.ts";
import { accountOf, alice, openTerminal, startHostForUsers, writeKubeconfig } from "./plain-users.ts";

const examples = join(import.meta.dirname, "../../examples");

/** Stands in for the training, or the server, of the examples: it sees its GPU, and goes on until it is told. */
const python = `#!/bin/sh
nvidia-smi -L
trap 'exit 0' TERM
until [ -e /tmp/enough ]; do sleep 0.1; done
echo trained
`;

/** An image of its own would print nothing. */
const entrypoint = `#!/bin/sh
echo "start worker processes"
exec /bin/serve
`;

const enough = ["exec", "train", "--", "touch", "/tmp/enough"] as const;

/** The oldest speaks SPDY, the newest WebSocket. */
const kubectls = installedKubectls().filter((_, index, all) => index === 0 || index === all.length - 1);

if (kubectls.length === 0) {
  it.skip("no kubectl on this machine: nothing was tried with it", () => undefined);
}

describe.skipIf(kubectls.length === 0)("an example on a real engine, as a user without rights", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHostForUsers("kubectl-examples", "A100-80GB:3g.40gb+2g.20gb 1xA100-80GB");
    const { docker } = host.engine;
    const program = { path: "bin/python", mode: 0o755, content: python };
    await addStandInImage(docker, "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime", [program]);
    const serving = { path: "docker-entrypoint.sh", mode: 0o755, content: entrypoint };
    await addStandInImage(docker, "nginx:1.27-alpine", [serving], "/docker-entrypoint.sh");
    await writeKubeconfig(host, alice);
  });

  afterAll(async () => host.stop());

  /** The file of the example, where the user can read it; Docker grants no more CPUs than there are. */
  const fileOf = (path: string): string => {
    const cpusHere = availableParallelism();
    const text = readFileSync(join(examples, path), "utf8").replaceAll(
      /cpus: ([\d.]+)/g,
      (_, cpus: string) => `cpus: ${Math.min(Number(cpus), cpusHere)}`,
    );
    const file = join(host.directory, path.replace("/", "-"));
    writeFileSync(file, text);
    return file;
  };

  /** What a person types from `apply` to `exec -it`, for what goes on running meanwhile. */
  interface Chain {
    readonly kubectl: string;
    readonly file: string;
    readonly name: string;
    /** What it writes when it starts. */
    readonly logged: RegExp;
  }

  const begin = async ({ kubectl, file, name, logged }: Chain) => {
    const account = accountOf(host, alice);
    const ok = async (...line: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runKubectl({ path: kubectl, version: "" }, line, account);
      expect(code, `kubectl ${line.join(" ")}: ${stderr}`).toBe(0);
      return stdout;
    };
    expect(await ok("apply", "-f", file)).toBe(`containerspec.ds01.io/${name} created\n`);
    await ok("wait", "--for=condition=Ready", `container/${name}`, "--timeout=90s");
    await ok("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=90s");

    const { environment, ...ids } = account;
    const follow = spawn(kubectl, ["logs", "-f", name], { env: environment, ...ids });
    let log = "";
    follow.stdout.setEncoding("utf8").on("data", (text: string) => (log += text));
    const followed = once(follow, "close");
    await waitFor(`the log of ${name}`, () => logged.test(log));

    const terminal = openTerminal(account, `${kubectl} exec -it ${name} -- /bin/sh`);
    await terminal.prompt();
    await terminal.type("test -t 0 && test -t 1 && echo is a $((40 + 2)) terminal\n", /is a 42 terminal/);
    // The size comes on its way beside what is typed.
    await terminal.type("until stty size | grep 33; do sleep 0.1; done\n", /33 99/);
    const logFollowed = async (): Promise<string> => {
      await followed;
      return log;
    };
    return { ok, terminal, logFollowed };
  };

  const isGone = async (name: string): Promise<void> => {
    expect(await host.containersOf(`${alice}/${name}`)).toEqual([]);
    expect(host.read.bind(host, `users/${alice}/${name}.yaml`)).toThrow("ENOENT");
    const holders = async (): Promise<readonly unknown[]> =>
      [...(await host.gpus()).values()].map(({ status }) => status.holder?.name);
    await expect.poll(holders).not.toContain(name);
  };

  describe.each(kubectls)("with kubectl $version", ({ path: kubectl }) => {
    it("gpu-job is applied, waited for, followed to its end, looked into and deleted", async () => {
      const file = fileOf("gpu-job/train.yaml");
      const logged = /^GPU 0: NVIDIA A100-SXM4-80GB \(UUID: GPU-/m;
      const { ok, terminal, logFollowed } = await begin({ kubectl, file, name: "train", logged });
      expect(await ok("get", "pod", "train")).toMatch(/^train +1\/1 +Running +0 +\d/m);
      expect(await ok("get", "gpus")).toMatch(new RegExp(`Allocated +${alice}/train`));
      await terminal.type("nvidia-smi -L\n", /GPU 0: NVIDIA A100/);
      await terminal.type("exit 6\n", /exit 6/);
      expect(await terminal.ended()).toBe(6);

      // What says that it is enough may end with the container, whose log ends then, with all that was written.
      await runKubectl({ path: kubectl, version: "" }, enough, accountOf(host, alice));
      expect(await logFollowed()).toMatch(/^GPU 0: [^]*\ntrained\n$/);
      await ok("wait", "--for=jsonpath={.status.phase}=Completed", "container/train", "--timeout=90s");
      expect(await ok("logs", "train")).toMatch(/trained\n$/);
      expect(await ok("delete", "-f", file, "--timeout=90s")).toContain('"train" deleted');
      await isGone("train");
    });

    it("mig-slice is the same on its slice", async () => {
      const file = fileOf("mig-slice/infer.yaml");
      const logged = /MIG 2g\.20gb +Device +0: \(UUID: MIG-/;
      const { ok, terminal, logFollowed } = await begin({ kubectl, file, name: "infer", logged });
      await terminal.type("nvidia-smi -L\n", /MIG 2g\.20gb/);
      await terminal.type("exit\n", /exit/);
      expect(await terminal.ended()).toBe(0);
      expect(await ok("delete", "container", "infer", "--timeout=90s")).toContain('"infer" deleted');
      expect(await logFollowed()).toMatch(logged);
      await isGone("infer");
    });

    it("cpu-service is the same without a GPU, as the file stands", async () => {
      const file = fileOf("cpu-service/web.yaml");
      expect(readFileSync(file, "utf8")).toBe(readFileSync(join(examples, "cpu-service/web.yaml"), "utf8"));
      const logged = /^start worker processes$/m;
      const { ok, terminal, logFollowed } = await begin({ kubectl, file, name: "web", logged });
      await terminal.type("nvidia-smi -L; echo code $?\n", /code (?!0)\d+/);
      await terminal.type("exit\n", /exit/);
      expect(await ok("delete", "-f", file, "--timeout=90s")).toContain('"web" deleted');
      expect(await logFollowed()).toMatch(logged);
      await isGone("web");
    });
  });
});
