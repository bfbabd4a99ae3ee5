import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startEngine } from "../bed/engine.ts";
import type { Engine } from "../bed/engine.ts";
import { waitFor } from "../bed/wait-for.ts";

const root = join(import.meta.dirname, "../..");
const program = ["node", "examples/quickstart/run.mjs"];

/** A quickstart as a process of its own, and what it said. */
class Quickstart {
  readonly child: ChildProcess;
  output = "";
  /** All that it wrote has been read by then, which its end alone does not mean. */
  readonly #closed: Promise<number | string>;

  constructor(line: readonly string[], environment: NodeJS.ProcessEnv) {
    const [command = "", ...words] = line;
    const env = { ...process.env, NO_COLOR: "1", ...environment };
    this.child = spawn(command, words, { cwd: root, env, stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    this.#closed = new Promise((resolve) =>
      this.child.once("close", (code, signal) => resolve(code ?? signal ?? -1)),
    );
    onTestFinished(() => void this.child.kill("SIGKILL"));
  }

  /** The temporary folder it works in, once that is known. */
  get folder(): string | undefined {
    return /\/tmp\/ds01-quickstart-\w+/.exec(this.output)?.[0];
  }

  async says(text: string): Promise<void> {
    const said = (): boolean => {
      if (this.child.exitCode !== null) throw new Error(`it ended:\n${this.output}`);
      return this.output.includes(text);
    };
    await waitFor(`"${text}"`, said);
  }

  /** Exit code, or the name of the signal that ended it. */
  async exit(): Promise<number | string> {
    return this.#closed;
  }
}

describe("npm run quickstart", () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await startEngine({ name: `e2e-quickstart-${process.pid}`, network: "none" });
  });

  afterAll(async () => engine.stop());

  const environment = (): NodeJS.ProcessEnv => ({ DOCKER_HOST: engine.dockerHost });

  async function expectNothingLeft({ folder }: Quickstart): Promise<void> {
    const containers = await engine.docker.listContainers({ all: true });
    const images = await engine.docker.listImages();
    expect(containers).toEqual([]);
    expect(images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => !tag.startsWith("bed/"))).toEqual(
      [],
    );
    expect(folder).toMatch(/^\/tmp\/ds01-quickstart-/);
    expect(existsSync(folder ?? "")).toBe(false);
  }

  it("must show containers, GPUs and a repair on the engine of DOCKER_HOST, and leave nothing behind", async () => {
    const quickstart = new Quickstart(program, environment());

    expect(await quickstart.exit(), quickstart.output).toBe(0);

    const { output } = quickstart;
    expect(output).toContain(`at ${engine.dockerHost}`);
    expect(output).toMatch(/\$ ds01 get containers -A\nNAMESPACE .*\nada +notebook +Running +[0-3] +0 /);
    expect(output).toMatch(/\$ ds01 get gpus\nSLOT .*\n0 +NVIDIA A100-SXM4-80GB +80Gi +Allocated +ada\//);
    expect(output).toMatch(/\$ docker kill train\._\.ada\n[\s\S]*\nada +train +Running +[0-3] +1 /);
    expect(output).toMatch(/Restarted .*killed from outside \(exit 137, not by ds01\)/);
    await expectNothingLeft(quickstart);
  });

  it("must stay in the foreground of a terminal until Ctrl-C, then clean up and exit with 0", async () => {
    // script gives it a terminal and passes Ctrl-C on to it; a shell that stayed would end by Ctrl-C itself.
    const command = `exec ${program.join(" ")}`;
    const line = ["script", "--quiet", "--return", "--command", command, "/dev/null"];
    const quickstart = new Quickstart(line, environment());
    await quickstart.says("It stays until Ctrl-C.");
    expect(await engine.docker.listContainers()).toHaveLength(3);

    quickstart.child.stdin?.write("\u0003");

    expect(await quickstart.exit(), quickstart.output).toBe(0);
    await expectNothingLeft(quickstart);
  });

  it.each(["Copying the files", "$ ds01 get gpus", "$ docker kill"])(
    "must clean up and fail when SIGTERM comes at: %s",
    async (moment) => {
      const quickstart = new Quickstart(program, environment());
      await quickstart.says(moment);

      quickstart.child.kill("SIGTERM");

      expect(await quickstart.exit()).toBe(1);
      expect(quickstart.output).toContain("stopped by SIGTERM");
      await expectNothingLeft(quickstart);
    },
  );

  it("must start a private engine where none answers, and end every process and cgroup of it", async () => {
    // In a mount namespace without /run there is no default socket, whatever runs on this machine.
    const hidden = [
      "unshare",
      "--mount",
      "sh",
      "-c",
      'mount -t tmpfs hidden /run && exec "$@"',
      "sh",
      ...program,
    ];
    const quickstart = new Quickstart(hidden, { DOCKER_HOST: "unix:///nowhere/docker.sock" });
    await quickstart.says("$ ds01 get containers");
    const folder = quickstart.folder ?? "(none)";
    expect(processesNaming(folder).some((command) => command.startsWith("dockerd"))).toBe(true);
    expect(cgroupsNamed(basename(folder))).not.toEqual([]);

    expect(await quickstart.exit(), quickstart.output).toBe(0);

    expect(quickstart.output).toContain(
      "No Docker Engine answers (unix:///nowhere/docker.sock: no engine there",
    );
    // The kernel takes a moment for what was ended.
    await expect.poll(() => processesNaming(folder)).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(folder);
    await expect.poll(() => cgroupsNamed(basename(folder))).toEqual([]);
    await expectNothingLeft(quickstart);
  });
});

function cgroupsNamed(name: string): string[] {
  const below = ["", "freezer", "memory", "unified"]
    .map((name) => join("/sys/fs/cgroup", name))
    .filter(existsSync);
  return below.flatMap((path) => readdirSync(path)).filter((found) => found === name);
}

/** Command lines of the processes that name the text. */
function processesNaming(text: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => {
    try {
      return readFileSync(join("/proc", pid, "cmdline"), "utf8").replaceAll("\0", " ");
    } catch {
      // It has ended meanwhile.
      return "";
    }
  });
  return lines.filter((line) => line.includes(text));
}
