import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeHeader } from "../../src/cli/copy/tar-header.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

describe("working inside containers", () => {
  let host: Host;
  /** The workspace of alice/work on the host; it is that of uid 1000. */
  let workspace: string;

  beforeAll(async () => {
    workspace = mkdtempSync(join(realpathSync(tmpdir()), "ds01-workspace-"));
    chownSync(workspace, 1000, 1000);
    host = await startHost({
      name: "inside",
      nvidia: "2xA100-80GB",
      network: "bridge",
      files: {
        "users/alice/work.yaml": containerSpec("work", {
          user: "1000:1000",
          workingDir: "/workspace",
          volumes: [
            { name: "workspace", mountPath: "/workspace", hostPath: { path: workspace } },
            { name: "fixed", mountPath: "/fixed", readOnly: true, hostPath: { path: workspace } },
          ],
          command: ["/bin/sh", "-c", "test -e /tmp/again && echo second || echo first; exec /bin/serve"],
        }),
        "quotas/all.yaml": quotaSpec("all", {
          subjects: { default: true },
          policy: {
            users: ["image", "1000:1000"],
            hostPaths: [{ path: `${workspace}/**` }, { path: workspace }],
          },
        }),
        "users/alice/web.yaml": containerSpec("web", {
          command: [
            "/bin/sh",
            "-c",
            "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 8000 -h /www",
          ],
        }),
        "users/alice/alone.yaml": containerSpec("alone", { network: "none" }),
        "users/alice/train.yaml": `# nightly\n${containerSpec("train", { gpus: { count: 1 } })}`,
        "users/alice/console.yaml": containerSpec("console", {
          stdin: true,
          tty: true,
          command: ["/bin/sh", "-c", "while read line; do echo heard $line; done"],
        }),
      },
    });
    await host.waitForReady("alice/work");
    await host.waitForReady("alice/console");
    await host.waitForReady("alice/train");
  });

  afterAll(async () => {
    await host.stop();
    rmSync(workspace, { recursive: true });
  });

  /** Runs `ds01` at a terminal of its own; types each text once what stands before it has shown. */
  const atTerminal = async (
    line: string,
    dialogue: readonly (readonly [shown: string, typed: string])[],
  ): Promise<string> => {
    const command = `${process.execPath} ${host.main} ${line}; echo code $?`;
    const env = { ...host.environment, TERM: "vt100" };
    const child = spawn("script", ["-qec", command, "/dev/null"], { env });
    const ended = once(child, "close");
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    for (const [shown, typed] of dialogue) {
      await waitFor(`"${shown}" in ${output}`, () => output.includes(shown));
      child.stdin.write(typed);
    }
    await ended;
    return output;
  };

  /** What a web server here says, without its headers; empty where the connection was ended. */
  const fetched = async (port: string): Promise<string> => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("GET / HTTP/1.0\r\n\r\n");
    const answer = await text(socket).catch(() => "");
    return answer.split("\r\n\r\n")[1] ?? "";
  };

  it("must open a shell as the container's user, in its workspace", async () => {
    const piped = await host.ds01With({ stdin: "id -u; pwd; exit 4\n" }, "shell", "work");
    expect(piped).toEqual({ code: 4, stdout: "1000\n/workspace\n", stderr: "" });
    const typed = await atTerminal("shell work", [["$", "test -t 0 && echo at $TERM; exit 6\n"]]);
    expect(typed).toContain("at vt100");
    expect(typed).toContain("code 6");
    expect(await host.ds01With({ environment: { DS01_NAMESPACE: "bob" } }, "shell", "work")).toMatchObject({
      code: 4,
    });
  });

  it("must attach to the container's own process, and leave it running", async () => {
    const watch = host.follow("attach", "work");
    await waitFor("the process to be watched", async () => {
      await host.dockerExec("alice/work", "sh", "-c", "echo news > /proc/1/fd/1");
      return watch.stdout.includes("news");
    });
    await watch.end("SIGINT");
    const typed = await atTerminal("attach -it console", [
      ["", "hello\n"],
      ["heard hello", "\u0010\u0011"],
    ]);
    expect(typed).toContain("code 0");
    for (const key of ["alice/work", "alice/console"]) {
      expect((await host.dockerInspect(key)).State.Running).toBe(true);
    }
    const without = host.follow("attach", "-i", "work");
    await waitFor("the advice", () => without.stderr.includes("does not say stdin: true"));
    await without.end("SIGINT");
  });

  it("must show logs since a time, and those of the run before", async () => {
    expect(await host.ds01("logs", "console", "--previous")).toMatchObject({ code: 4 });
    await host.dockerExec("alice/work", "touch", "/tmp/again");
    await host.ds01("stop", "work");
    await host.waitForPhase("alice/work", "Stopped");
    await host.ds01("start", "work");
    await host.waitForReady("alice/work");
    await waitFor("the second run", async () => (await host.ds01("logs", "work")).stdout.includes("second"));
    const previous = await host.ds01("logs", "work", "--previous");
    expect(previous.stdout).toMatch(/^first\n/);
    expect(previous.stdout).not.toContain("second");
    expect((await host.ds01("logs", "work", "--since", "1h")).stdout).toMatch(/^first\n(?:.*\n)*second\n$/);
    const { StartedAt } = (await host.dockerInspect("alice/work")).State;
    const later = new Date(Date.parse(StartedAt) + 3_600_000).toISOString();
    expect(await host.ds01("logs", "work", "--since", later)).toMatchObject({ code: 0, stdout: "" });
    expect(await host.ds01("logs", "work", "--since", "soon")).toMatchObject({ code: 2, stdout: "" });
    expect(await host.ds01("logs", "work", "-f", "--previous")).toMatchObject({ code: 2 });
  });

  it("must restart by declaration, once, on the same GPU", async () => {
    const before = await host.container("alice/train");
    const started = (await host.dockerInspect("alice/train")).State.StartedAt;
    expect(await host.ds01("restart", "train")).toMatchObject({
      code: 0,
      stdout: "container/train restarting\n",
    });
    expect(host.read("users/alice/train.yaml")).toMatch(/^# nightly\n(?:.*\n)*.*ds01\.io\/restartedAt: /);
    await waitFor("another start", async () => {
      const { State: state } = await host.dockerInspect("alice/train");
      return state.Running && state.StartedAt !== started;
    });
    const after = await host.waitForReady("alice/train");
    expect(after.status.container?.id).toBe(before?.status.container?.id);
    expect(after.status.gpus).toEqual(before?.status.gpus);
    const again = (await host.dockerInspect("alice/train")).State.StartedAt;
    await host.client.resync();
    expect((await host.dockerInspect("alice/train")).State.StartedAt).toBe(again);
    expect((await host.events("alice/train")).map(({ message }) => message).join("\n")).toContain(
      "restart asked for at",
    );
    await host.ds01("stop", "console");
    const stopped = await host.ds01("restart", "console");
    expect(stopped).toMatchObject({ code: 1, stdout: "" });
    expect(stopped.stderr).toContain("ds01 start console");
    await host.ds01("start", "console");
    await host.waitForReady("alice/console");
  });

  it("must pause and unpause by declaration, and keep the GPU", async () => {
    const before = await host.waitForReady("alice/train");
    const state = async (): Promise<string> => (await host.dockerInspect("alice/train")).State.Status;
    expect(await host.ds01("pause", "train")).toMatchObject({
      code: 0,
      stdout: "container/train pausing (desiredState: Paused)\n",
    });
    const paused = await host.waitForPhase("alice/train", "Paused");
    expect(await state()).toBe("paused");
    expect(paused.status.gpus).toEqual(before.status.gpus);
    await host.engine.docker.getContainer("train._.alice").unpause();
    await waitFor("it to be paused again", async () =>
      (await host.events("alice/train")).some(({ message }) => message.includes("unpaused from outside")),
    );
    await waitFor("paused", async () => (await state()) === "paused");
    expect(await host.ds01("exec", "train", "--", "true")).toMatchObject({ code: 1 });
    expect(await host.ds01("restart", "train")).toMatchObject({ code: 1 });
    expect(await host.ds01("unpause", "train")).toMatchObject({ code: 0 });
    const after = await host.waitForReady("alice/train");
    expect(after.status.container?.startedAt).toBe(before.status.container?.startedAt);
    await host.engine.docker.getContainer("train._.alice").pause();
    await waitFor("it to run on", async () => (await state()) === "running");
    await host.waitForEvent("alice/train", "Unpaused");
    await host.waitForReady("alice/train");
  });

  it("must say what containers use", async () => {
    expect((await host.ds01("stats", "--no-stream")).stdout).toMatch(/^NAME .*CPU/);
    const { stdout, code } = await host.ds01("top", "containers", "--once");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME +CPUS +MEMORY +PROCESSES\n/);
    expect(stdout).toMatch(/^work +\d\.\d\d +\d\S* +\d+$/m);
    const list = JSON.parse((await host.ds01("top", "containers", "-A", "-o", "json")).stdout) as {
      kind: string;
    };
    expect(list.kind).toBe("PodMetricsList");
  });

  it("must reach ports of a container that are not published", async () => {
    await host.waitForReady("alice/web");
    const forward = host.follow("port-forward", "web", ":8000", ":8001");
    const [, open = "", closed = ""] = await waitFor("its ports", () =>
      /127\.0\.0\.1:(\d+) -> 8000\n(?:.*\n)*.*:(\d+) -> 8001\n/.exec(forward.stdout),
    );
    await waitFor("the web server", async () => {
      const answer = await fetched(open);
      if (answer !== "hello\n") throw new Error(`${answer}: ${forward.stderr}`);
      return true;
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetched(open)));
    expect(answers).toEqual(Array.from({ length: 5 }, () => "hello\n"));
    expect(await fetched(closed)).toBe("");
    await waitFor("the reason", () => forward.stderr.includes("nothing listens at port 8001"));
    expect(forward.isRunning).toBe(true);
    await forward.end("SIGINT");
    expect(await host.ds01("port-forward", "nothing", "1")).toMatchObject({ code: 4 });
    expect(await host.ds01("port-forward", "web", "http")).toMatchObject({ code: 2 });
    await host.waitForReady("alice/alone");
    const alone = host.follow("port-forward", "alone", ":80");
    const [, port = ""] = await waitFor("its port", () => /:(\d+) -> 80\n/.exec(alone.stdout));
    expect(await fetched(port)).toBe("");
    await waitFor("the reason", () => alone.stderr.includes("no address in any network"));
    await alone.end("SIGINT");
  });

  it("must declare a container from flags, and by questions at a terminal only", async () => {
    const line = ["create", "container", "made", "--image", "bed/base:1", "--cpus", "1", "-e", "WHO=me"];
    const printed = await host.ds01(...line, "--dry-run", "-o", "yaml", "--", "/bin/serve");
    expect(printed).toMatchObject({ code: 0, stderr: "" });
    expect(printed.stdout).toContain("  image: bed/base:1\n  args:\n    - /bin/serve\n");
    expect(await host.ds01(...line, "--dry-run")).toMatchObject({
      stdout: "container/made created (dry run)\n",
    });
    expect(await host.container("alice/made")).toBeUndefined();
    expect(await host.ds01(...line)).toMatchObject({ code: 0, stdout: "container/made created\n" });
    expect(host.read("users/alice/made.yaml")).toContain("name: WHO");
    await host.waitForReady("alice/made");
    expect(await host.ds01(...line)).toMatchObject({ code: 1, stdout: "" });
    const wrong = await host.ds01("create", "container", "odd", "--image", "x", "--memory", "32 GB");
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain("write 32Gi or 32G");
    const unasked = await host.ds01("create", "container", "asked", "--guided");
    expect(unasked).toMatchObject({ code: 2, stdout: "" });
    expect(unasked.stderr).toContain("--image IMAGE [--gpus N]");
    const asked = await atTerminal("create container asked --guided --memory 32Mi", [
      ["Image to run", "bed/base:1\n"],
      ["How many GPUs", "many\n"],
      ["write a number", "0\n"],
      ["CPUs at most", "1\n"],
      ["Stop it after", "1h\n"],
      ["Directory of this host", `${workspace}\n`],
      ["Create this?", "y\n"],
    ]);
    expect(asked).toContain("container/asked created");
    const { spec } = await host.waitForReady("alice/asked");
    expect(spec).toMatchObject({
      workingDir: "/workspace",
      resources: { cpus: 1, memory: "32Mi" },
      lifecycle: { maxRuntime: "1h" },
    });
    await host.remove("alice/made", "alice/asked");
  });

  it("must copy files and directories both ways, as the container's user", async () => {
    const here = (name: string): string => join(host.directory, name);
    const ds01 = async (...line: string[]): Promise<void> => {
      expect(await host.ds01(...line)).toEqual({ code: 0, stdout: "", stderr: "" });
    };
    mkdirSync(here("data/deep"), { recursive: true });
    writeFileSync(here("data/deep/numbers"), Buffer.alloc(3_000_000, "0123456789"));
    writeFileSync(here("data/run.sh"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
    symlinkSync("deep/numbers", here("data/link"));
    await ds01("cp", here("data"), "work:");
    await ds01("cp", here("data/run.sh"), "work:data/again.sh");
    expect(await host.ds01("exec", "work", "--", "sh", "data/again.sh")).toMatchObject({ stdout: "ran\n" });
    for (const name of ["data/deep/numbers", "data/run.sh", "data/again.sh"]) {
      expect(statSync(join(workspace, name)).uid).toBe(1000);
    }
    expect(readlinkSync(join(workspace, "data/link"))).toBe("deep/numbers");

    await ds01("cp", "work:data", here("back"));
    expect(readFileSync(here("back/deep/numbers")).equals(readFileSync(here("data/deep/numbers")))).toBe(
      true,
    );
    expect(statSync(here("back/run.sh")).mode & 0o777).toBe(0o755);
    await ds01("cp", "work:data/run.sh", host.directory);
    expect(readFileSync(here("run.sh"), "utf8")).toContain("echo ran");
    // A file that is the same by way of the mount stays whole.
    await ds01("cp", join(workspace, "data/deep/numbers"), "work:data/deep/numbers");
    expect(statSync(join(workspace, "data/deep/numbers")).size).toBe(3_000_000);
  });

  it("must run a file in the workspace, and end with its exit code", async () => {
    const script = join(host.directory, "steps.sh");
    writeFileSync(script, 'echo "$1 in $(pwd) as $(id -u)"; exit 9\n');
    expect(await host.ds01("run", script, "work", "--", "two words")).toEqual({
      code: 9,
      stdout: "two words in /workspace as 1000\n",
      stderr: "",
    });
    const program = join(host.directory, "program");
    writeFileSync(program, "#!/bin/busybox sh\ncat\n");
    expect(await host.ds01With({ stdin: "typed" }, "run", "-i", program, "work")).toMatchObject({
      code: 0,
      stdout: "typed",
    });
    const python = join(host.directory, "train.py");
    writeFileSync(python, "print(1)\n");
    const without = await host.ds01("run", python, "work");
    expect(without).toMatchObject({ code: 127, stdout: "" });
    expect(without.stderr).toContain("the container has none of: python3 python");
    writeFileSync(join(host.directory, "data.csv"), "a,b\n");
    expect(await host.ds01("run", join(host.directory, "data.csv"), "work")).toMatchObject({ code: 2 });
  });

  it("must remove files with care", async () => {
    mkdirSync(join(workspace, "old/deep"), { recursive: true });
    writeFileSync(join(workspace, "old/deep/file"), "");
    symlinkSync("/data", join(workspace, "old/link"));
    symlinkSync("/etc", join(workspace, "etc"));
    for (const name of ["old", "old/deep", "old/deep/file"]) chownSync(join(workspace, name), 1000, 1000);
    const refused = async (code: number, reason: string, ...paths: string[]): Promise<void> => {
      const result = await host.ds01("scrap", "work", "--yes", ...paths);
      expect(result).toMatchObject({ code, stdout: "" });
      expect(result.stderr).toContain(reason);
      expect(readdirSync(join(workspace, "old/deep"))).toEqual(["file"]);
    };
    await refused(3, "directory that containers need", "old", "/");
    await refused(3, "belongs to the system (/etc)", "old", "etc/passwd");
    await refused(3, "is the workspace", ".");
    await refused(3, "is a mount", "/fixed");
    await refused(3, '".."', "old/../etc");
    await refused(4, "no such file", "old", "nothing");
    await refused(1, "ead-only", "/fixed/old");
    const unasked = await host.ds01("scrap", "work", "old");
    expect(unasked).toMatchObject({ code: 2, stdout: "" });
    expect(unasked.stderr).toContain("--yes");
    const asked = await atTerminal("scrap work old", [["Remove this from work? [y/N]", "n\n"]]);
    expect(asked).toContain("/workspace/old/deep/file");
    expect(asked).toContain("Nothing was removed.");
    expect(readdirSync(join(workspace, "old/deep"))).toEqual(["file"]);
    const yes = await atTerminal("scrap work old", [["Remove this from work? [y/N]", "y\n"]]);
    expect(yes).toContain("/workspace/old removed");
    expect(readdirSync(workspace)).not.toContain("old");
    expect(await host.ds01("scrap", "work", "--yes", "etc")).toMatchObject({ code: 0 });
    expect(readdirSync("/etc")).toContain("passwd");
  });

  it("must copy nothing that the container's user could not, and nothing outside of the target", async () => {
    const outside = join(host.directory, "outside");
    mkdirSync(outside);
    writeFileSync(join(workspace, "secret"), "of root", { mode: 0o600 });
    mkdirSync(join(workspace, "locked"), { mode: 0o755 });
    const file = join(host.directory, "file");
    writeFileSync(file, "text");
    const refused = async (reason: RegExp, ...line: string[]): Promise<void> => {
      const { code, stderr } = await host.ds01("cp", ...line);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(reason);
    };
    await refused(/secret.*[Pp]ermission denied/s, "work:secret", outside);
    await refused(/[Pp]ermission denied/, file, "work:/etc/passwd");
    await refused(/[Pp]ermission denied/, file, "work:locked/file");
    await refused(/[Rr]ead-only file system/, file, "work:/fixed/file");
    await refused(/is no directory in the container/, file, "work:nowhere/file");
    await refused(/no such file/, "work:nothing", outside);
    // A container that has been taken over has a tar of its own.
    const entry = { type: "file", sizeBytes: 0, mode: 0o644, modifiedAt: 0, linkTarget: "" } as const;
    const archive = Buffer.concat([encodeHeader({ ...entry, path: "../evil" }), Buffer.alloc(1024)]);
    writeFileSync(join(workspace, "evil.tar"), archive);
    const shell =
      '#!/bin/busybox sh\ncase "$*" in *-cf*) exec cat /workspace/evil.tar;; esac\nexec /bin/busybox sh "$@"\n';
    writeFileSync(join(workspace, "sh"), shell, { mode: 0o755 });
    const fake = "cp /workspace/sh /bin/sh.new && mv /bin/sh.new /bin/sh";
    const root = host.engine.docker.getContainer((await host.dockerInspect("alice/work")).Id);
    const exec = await root.exec({ Cmd: ["sh", "-c", fake], User: "0", AttachStdout: true });
    for await (const _ of await exec.start({})) continue;
    await refused(/leads outside/, "work:locked", join(outside, "copy"));
    expect(readdirSync(outside)).toEqual(["copy"]);
    expect(readdirSync(join(outside, "copy"))).toEqual([]);
  });
});
