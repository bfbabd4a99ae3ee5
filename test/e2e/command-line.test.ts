import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

describe("the command line, on a machine at work", () => {
  let host: Host;

  beforeAll(async () => {
    const train = containerSpec("train", {
      command: ["/bin/sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; exec /bin/serve"],
      gpus: { count: 1 },
    });
    host = await startHost({
      name: "cli",
      nvidia: "2xA100-80GB",
      files: {
        "users/alice/train.yaml": train,
        "users/alice/web.yaml": containerSpec("web"),
        "users/bob/web.yaml": containerSpec("web"),
        "quotas/all.yaml": quotaSpec("all", { subjects: { default: true }, maxContainers: 5 }),
      },
    });
    for (const key of ["alice/train", "alice/web", "bob/web"]) await host.waitForReady(key);
  });

  afterAll(async () => host.stop());

  const file = (name: string, text: string): string => {
    const path = join(host.directory, name);
    writeFileSync(path, text);
    return path;
  };

  it("must show what runs, in every format", async () => {
    const table = await host.ds01("get", "containers");
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(/^NAME +PHASE +GPU .*\ntrain +Running +[01] .*\nweb +Running +- /);
    expect(table.stdout).not.toContain("bob");
    const [wide, all, json, yaml, name, path] = await Promise.all([
      host.ds01("get", "ctr", "-o", "wide"),
      host.ds01("get", "containers", "-A", "--no-headers"),
      host.ds01("get", "containers", "-A", "-o", "json"),
      host.ds01("get", "container/train", "-o", "yaml"),
      host.ds01("get", "containers", "-o", "name"),
      host.ds01("get", "container", "train", "-o", "jsonpath={.status.phase} {.spec.gpus.count}"),
    ]);
    expect(wide.stdout).toContain("bed/base:1");
    expect(all.stdout).toMatch(/^bob +web +Running/m);
    const list = JSON.parse(json.stdout) as { kind: string; items: { status: { phase: string } }[] };
    expect(list).toMatchObject({ apiVersion: "v1", kind: "List" });
    expect(list.items.map(({ status }) => status.phase)).toEqual(["Running", "Running", "Running"]);
    expect(yaml.stdout).toMatch(/^apiVersion: ds01.io\/v1alpha1\nkind: ContainerSpec\n/);
    expect(name.stdout).toBe("container/train\ncontainer/web\n");
    expect(path.stdout).toBe("Running 1");
  });

  it("must show quotas and GPUs with their holders", async () => {
    const gpus = (await host.ds01("get", "gpus")).stdout;
    expect(gpus).toMatch(/^SLOT +MODEL +MEMORY +STATE +HOLDER +UNTIL +UTIL/);
    expect(gpus).toMatch(/^[01] +NVIDIA A100-SXM4-80GB +80Gi +Allocated +alice\/train/m);
    expect(gpus).toMatch(/^[01] +NVIDIA A100-SXM4-80GB +80Gi +Free/m);
    expect((await host.ds01("get", "quotas")).stdout).toMatch(/^all /m);
  });

  it("must follow changes as they happen, until it is interrupted", async () => {
    const watch = host.follow("get", "containers", "-w");
    await waitFor("the first rows", () => watch.stdout.includes("web"));
    await host.ds01("stop", "web");
    await waitFor("the stopped row", () => /^web +Stopped/m.test(watch.stdout));
    await host.ds01("start", "web");
    await waitFor("the running row", () => /^web +Stopped.*\n(?:.*\n)*web +Running/m.test(watch.stdout));
    await watch.end("SIGINT");
  });

  it("must wait for a condition, a phase and a deletion, and give up with exit code 5", async () => {
    expect(await host.ds01("wait", "container/web", "--for=condition=Ready", "--timeout=10s")).toMatchObject({
      code: 0,
      stdout: "container/web condition met\n",
    });
    const late = await host.ds01("wait", "container/web", "--for=phase=Failed", "--timeout=1s");
    expect(late).toMatchObject({ code: 5, stdout: "" });
    expect(late.stderr).toContain("waited 1 s for phase Failed; it is Running");
    host.drop("users/alice/brief.yaml", containerSpec("brief"));
    await host.waitForReady("alice/brief");
    const [gone, deleted] = await Promise.all([
      host.ds01("wait", "container/brief", "--for=delete", "--timeout=15s"),
      host.ds01("delete", "container", "brief"),
    ]);
    expect(deleted).toMatchObject({ code: 0, stdout: "container/brief deleted\n" });
    expect(gone).toMatchObject({ code: 0, stdout: "container/brief deleted\n" });
    expect(await host.containersOf("alice/brief")).toEqual([]);
  });

  it("must tell the events of one object, oldest first", async () => {
    const { stdout } = await host.ds01("events", "--for", "container/train");
    expect(stdout).toMatch(/SpecAccepted[^]*Creating +.*with GPU \d[^]*Started/);
    expect(stdout).not.toContain("web");
  });

  it("must print logs, their tail, and what follows", async () => {
    expect((await host.ds01("logs", "train")).stdout).toBe("line 1\nline 2\nline 3\nline 4\nline 5\n");
    const follow = host.follow("logs", "train", "-f", "--tail", "2");
    await waitFor("the tail", () => follow.stdout === "line 4\nline 5\n");
    await host.dockerExec("alice/train", "sh", "-c", "echo more > /proc/1/fd/1");
    await waitFor("what follows", () => follow.stdout === "line 4\nline 5\nmore\n");
    await follow.end("SIGINT");
  });

  it("must run commands inside, with standard input, a terminal, and the command's exit code", async () => {
    expect(await host.ds01("exec", "train", "--", "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    const piped = await host.ds01With({ stdin: "hello\n" }, "exec", "-i", "train", "--", "tr", "a-z", "A-Z");
    expect(piped).toMatchObject({ code: 0, stdout: "HELLO\n" });
    const visible = await host.ds01("exec", "train", "--", "nvidia-smi", "-L");
    expect(visible.stdout.match(/^GPU /gm)).toHaveLength(1);
    // `script` gives the client a terminal.
    const line = `${process.execPath} ${host.main} exec -it train -- sh -c "test -t 0 && echo terminal; exit 3"; echo $?`;
    const answer = await new Promise<{ code: unknown; stdout: string }>((resolve) =>
      execFile("script", ["-qec", line, "/dev/null"], { env: host.environment }, (error, stdout) =>
        resolve({ code: error?.code, stdout }),
      ),
    );
    // One carriage return a line from the terminal of the command, and one from this one, as it was before.
    expect(answer).toEqual({ code: undefined, stdout: "terminal\r\n3\r\n" });
  });

  it("must stop and start by editing the spec file, comments and all", async () => {
    const text = [
      "# the web server of alice",
      "apiVersion: ds01.io/v1alpha1",
      "kind: ContainerSpec",
      "metadata: {name: noted}   # short",
      "spec:",
      "  image: bed/base:1  # local",
      "  imagePullPolicy: Never",
      "",
    ].join("\n");
    host.drop("users/alice/noted.yaml", text);
    await host.waitForReady("alice/noted");
    expect((await host.ds01("stop", "noted")).stdout).toContain("container/noted stopping");
    await host.waitForPhase("alice/noted", "Stopped");
    const edited = host.read("users/alice/noted.yaml");
    expect(edited).toContain("desiredState: Stopped");
    for (const comment of ["# the web server of alice", "# short", "# local"])
      expect(edited).toContain(comment);
    await host.ds01("start", "noted");
    await host.waitForReady("alice/noted");
    expect(host.read("users/alice/noted.yaml").replace("Stopped", "Running")).toContain(
      "desiredState: Running",
    );
    await host.ds01("delete", "container/noted");
    await host.waitUntilGone("alice/noted");
  });

  it("must apply, show what would change, and write nothing on a dry run", async () => {
    const path = file("app.yaml", containerSpec("app", { resources: { memory: "32Mi" } }));
    const dry = await host.ds01("apply", "-f", path, "--dry-run");
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain("container/app created (dry run)");
    expect(dry.stdout).toMatch(/1 create +app\._\.alice/);
    expect(await host.container("alice/app")).toBeUndefined();
    expect(await host.ds01("apply", "-f", path)).toMatchObject({
      code: 0,
      stdout: "container/app created\n",
    });
    await host.waitForReady("alice/app");
    expect((await host.ds01("apply", "-f", path)).stdout).toBe("container/app unchanged\n");

    const next = file(
      "next.yaml",
      containerSpec("app", { image: "bed/gpu:1", resources: { memory: "48Mi" } }),
    );
    const before = await host.dockerInspect("alice/app");
    const diff = await host.ds01("diff", "-f", next);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/spec\.image: .*bed\/base:1.* -> .*bed\/gpu:1.* +forces recreate/);
    expect(diff.stdout).toMatch(/spec\.resources\.memory: .*32Mi.* -> .*48Mi.* +in place/);
    expect(diff.stdout).toMatch(/1 create +app\._\.alice\.ds01-2 +configuration changed/);
    expect(diff.stdout).toContain("Files outside its volumes are lost.");
    expect((await host.dockerInspect("alice/app")).Id).toBe(before.Id);
    expect((await host.ds01("apply", "-f", next)).stdout).toBe("container/app configured\n");
    await host.waitForReady("alice/app");
    expect((await host.ds01("diff", "-f", next)).code).toBe(0);
    await host.remove("alice/app");
  });

  it("must check files without a controller, and explain fields", async () => {
    const bad = file(
      "bad.yaml",
      containerSpec("bad", { resources: { memory: "32 GB" } }).replace("image:", "imag:"),
    );
    const offline = { environment: { DS01_SOCKET: "/nonexistent/ds01.sock" } };
    const checked = await host.ds01With(offline, "validate", bad);
    expect(checked.code).toBe(2);
    expect(checked.stdout).toMatch(
      /bad\.yaml:\d+:\d+: error: spec\.imag: unknown field, did you mean "image"\?/,
    );
    expect(checked.stdout).toContain('"32 GB" is not a quantity');
    expect(await host.ds01With(offline, "validate", host.specs)).toMatchObject({ code: 0 });
    const explained = await host.ds01With(offline, "explain", "container.spec.gpus.profile");
    expect(explained).toMatchObject({ code: 0 });
    expect(explained.stdout).toContain("MIG profile");
  });

  it("must end with the exit code of what happened", async () => {
    const codes = async (...line: string[]): Promise<number> => (await host.ds01(...line)).code;
    expect(await codes("get", "contaners")).toBe(2);
    expect(await codes("apply", "-f", file("wrong.yaml", "kind: ContainerSpec\n"))).toBe(2);
    expect(await codes("get", "container", "nobody")).toBe(4);
    expect(await codes("delete", "container", "nobody")).toBe(4);
    const far = await host.ds01With(
      { environment: { DS01_SOCKET: "/nonexistent/ds01.sock" } },
      "get",
      "containers",
    );
    expect(far).toMatchObject({ code: 69, stdout: "" });
    expect(far.stderr).toContain("The controller is not running");
    expect(await codes("doctor")).toBe(0);
    expect(await host.ds01("version")).toMatchObject({ code: 0 });
  });

  it("must not act twice on one state directory", async () => {
    const second = await host.controllerOnce();
    expect(second.code).toBe(75);
    expect((await host.ds01("get", "containers")).code).toBe(0);
  });

  it("must leave everything running when the controller ends, and settle once for scripts", async () => {
    expect(await host.controller.end("SIGTERM")).toBe(0);
    expect((await host.dockerInspect("alice/train")).State.Running).toBe(true);
    expect(await host.ds01("get", "containers")).toMatchObject({ code: 69 });
    expect((await host.ds01("doctor")).code).toBe(69);

    host.drop("users/alice/once.yaml", containerSpec("once"));
    host.proxy.clear();
    expect((await host.controllerOnce("--once", "--dry-run")).code).toBe(1);
    expect(host.proxy.mutations()).toEqual([]);
    expect(await host.containersOf("alice/once")).toEqual([]);

    expect((await host.controllerOnce("--once")).code).toBe(0);
    expect((await host.dockerInspect("alice/once")).State.Running).toBe(true);
    host.drop("users/alice/wrong.yaml", containerSpec("wrong", { image: "not/here:1" }));
    expect((await host.controllerOnce("--once")).code).toBe(1);
    await host.startController();
    await host.remove("alice/once", "alice/wrong");
  });
});
