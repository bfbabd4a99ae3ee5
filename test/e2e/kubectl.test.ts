import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chownSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { installedKubectls, runKubectl } from "../support/kubectl.ts";
import type { KubectlResult } from "../support/kubectl.ts";
import type { Host } from "./host.ts";
import { accountOf, alice, bob, openTerminal, startHostForUsers, writeKubeconfig } from "./plain-users.ts";
import { containerSpec } from "./spec-text.ts";

/** The newest; versions are told apart in test/integration. */
const kubectl = installedKubectls().at(-1);

if (kubectl === undefined) it.skip("no kubectl on this machine: nothing was tried with it", () => undefined);

describe.skipIf(kubectl === undefined)("kubectl on a real engine, as users without rights", () => {
  let host: Host;

  const program = { path: process.execPath, version: "" };
  const run = async (user: string, ...line: readonly string[]): Promise<KubectlResult> =>
    runKubectl(kubectl ?? program, line, accountOf(host, user));
  const ok = async (user: string, ...line: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(user, ...line);
    expect(code, `kubectl ${line.join(" ")}: ${stderr}`).toBe(0);
    return stdout;
  };
  const start = (user: string, ...line: readonly string[]): ChildProcess => {
    const { environment, ...ids } = accountOf(host, user);
    return spawn((kubectl ?? program).path, line, { env: environment, ...ids });
  };

  beforeAll(async () => {
    host = await startHostForUsers("kubectl");
    for (const user of [alice, bob]) await writeKubeconfig(host, user);
  });

  afterAll(async () => host.stop());

  it("declares, waits, looks inside and deletes", async () => {
    const file = join(host.directory, "web.yaml");
    const script = "echo hello from $HOSTNAME; trap 'exit 0' TERM; while true; do sleep 0.1; done";
    const text = containerSpec("web", { command: ["/bin/sh", "-c", script], gpus: { count: 1 } });
    writeFileSync(file, `# mine\n${text}`);

    expect(await ok(alice, "apply", "-f", file)).toBe("containerspec.ds01.io/web created\n");
    expect(await ok(alice, "wait", "--for=condition=Ready", "container/web", "--timeout=90s")).toContain(
      "condition met",
    );
    expect(await ok(alice, "get", "pods")).toMatch(
      /NAME +READY +STATUS +RESTARTS +GPU +AGE\nweb +1\/1 +Running +0 +\d/,
    );
    expect(await ok(alice, "wait", "--for=condition=Ready", "pod/web", "--timeout=90s")).toContain(
      "condition met",
    );
    await expect.poll(async () => ok(alice, "logs", "web")).toContain("hello from");
    expect(await ok(alice, "logs", "web", "--tail=1", "--timestamps")).toMatch(
      /^\d{4}-\d\d-\d\dT.* hello from/,
    );
    expect(await ok(alice, "exec", "web", "--", "/bin/sh", "-c", "echo inside")).toBe("inside\n");
    expect((await run(alice, "exec", "web", "--", "/bin/sh", "-c", "exit 7")).code).toBe(7);
    // The newest speak WebSocket, those up to 1.29 SPDY.
    const versions = new Set([installedKubectls()[0], kubectl]);
    expect(versions.size).toBeGreaterThan(0);
    for (const one of versions) {
      const line = ["exec", "-i", "web", "--", "/bin/sh", "-c", "cat; echo aside >&2; exit 7"];
      const { code, stdout, stderr } = await runKubectl(one ?? program, line, {
        ...accountOf(host, alice),
        stdin: "typed\n",
      });
      expect([code, stdout]).toEqual([7, "typed\n"]);
      expect(stderr).toContain("aside\n");
    }
    expect(await ok(alice, "describe", "container", "web")).toMatch(/Events:[^]*Started/);
    expect(await ok(alice, "describe", "pod", "web")).toMatch(/Controlled By:\s+ContainerSpec\/web/);
    expect(await ok(alice, "top", "pods")).toMatch(/^web\s+\d+m\s+\d+Mi/m);
    expect(await ok(alice, "get", "nodes")).toContain("2 gpu");
    expect(await ok(alice, "get", "gpus")).toMatch(/Allocated\s+games\/web/);
    const path = join(host.specs, `users/${alice}/web.yaml`);
    expect(readFileSync(path, "utf8")).toContain("kind: ContainerSpec");

    expect(await ok(alice, "delete", "container", "web", "--timeout=90s")).toContain("deleted");
    expect((await run(alice, "get", "pod", "web")).stderr).toContain('pods "web" not found');
    expect(await host.containersOf(`${alice}/web`)).toEqual([]);
  });

  it("copies files both ways and passes input on", async () => {
    host.drop(`users/${alice}/work.yaml`, containerSpec("work"));
    await host.waitForReady(`${alice}/work`);
    const { environment: _, ...ids } = accountOf(host, alice);
    const home = join(host.directory, "homes", alice);
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_unused, index) => (index * 7919) % 251));
    writeFileSync(join(home, "in"), bytes);
    chownSync(join(home, "in"), ids.uid, ids.gid);
    await ok(alice, "cp", join(home, "in"), "work:/tmp/copy");
    await ok(alice, "cp", "work:/tmp/copy", join(home, "out"));
    expect(readFileSync(join(home, "out")).equals(bytes)).toBe(true);
    const typed = await runKubectl(kubectl ?? program, ["exec", "-i", "work", "--", "cat"], {
      ...accountOf(host, alice),
      stdin: "typed\n",
    });
    expect([typed.code, typed.stdout]).toEqual([0, "typed\n"]);
  });

  it("gives a command a real terminal of the right size, with every version", async () => {
    host.drop(`users/${alice}/shell.yaml`, containerSpec("shell"));
    await host.waitForReady(`${alice}/shell`);
    for (const each of new Set([installedKubectls()[0], kubectl])) {
      const command = `${(each ?? program).path} exec -it shell -- /bin/sh; echo code $?`;
      const { type, prompt, ended } = openTerminal(accountOf(host, alice), command);
      await prompt();
      await type("test -t 0 && test -t 1 && echo is a $((40 + 2)) terminal\n", /is a 42 terminal/);
      await type("stty size\n", /33 99/);
      // Ctrl-C ends what runs in it, and not kubectl.
      await type("echo $((20 + 1)) sleeps; sleep 1000\n", /21 sleeps/);
      await type("\u0003", /\^C/);
      await type("exit 6\n", /code 6/);
      await ended();
    }
  });

  it("attaches to the container's own process, with its terminal, and leaves it running", async () => {
    const script = "while read line; do test -t 0 && echo heard $line by $$; done";
    const spec = { command: ["/bin/sh", "-c", script], stdin: true, tty: true };
    host.drop(`users/${alice}/own.yaml`, containerSpec("own", spec));
    const { status } = await host.waitForReady(`${alice}/own`);
    for (const each of new Set([installedKubectls()[0], kubectl])) {
      const command = `${(each ?? program).path} attach -it own`;
      const { type, ended } = openTerminal(accountOf(host, alice), command);
      await type("", /press(?:ing)? enter/);
      await type("hello\n", /heard hello by 1\b/);
      // The keys with which Docker leaves a container.
      await type("\u0010\u0011", /resume using/);
      expect(await ended()).toBe(0);
    }
    expect((await host.container(`${alice}/own`))?.status.container?.id).toBe(status.container?.id);
    await host.remove(`${alice}/own`);
  });

  it("follows logs and watches while things happen", async () => {
    const watch = start(alice, "get", "containers", "-w", "--output-watch-events");
    let seen = "";
    watch.stdout?.setEncoding("utf8").on("data", (text: string) => (seen += text));
    // Before anything happens the watch must have begun.
    await waitFor("the watch to begin", () => /ADDED +work/.test(seen));
    const script = "n=0; while true; do n=$((n+1)); echo line $n; sleep 0.2; done";
    host.drop(`users/${alice}/talk.yaml`, containerSpec("talk", { command: ["/bin/sh", "-c", script] }));
    await host.waitForReady(`${alice}/talk`);
    await waitFor(
      "the watch to show it",
      () => /ADDED +talk/.test(seen) && /MODIFIED +talk +Running/.test(seen),
    );
    watch.kill("SIGKILL");

    const follow = start(alice, "logs", "-f", "talk");
    let lines = "";
    follow.stdout?.setEncoding("utf8").on("data", (text: string) => (lines += text));
    await waitFor("the log to be followed", () => lines.includes("line 3\n"));
    follow.kill("SIGKILL");
  });

  it("forwards ports, also several connections at a time, and says when nothing listens", async () => {
    const script = "mkdir -p /www && seq 1 200000 >/www/index.html && exec httpd -f -p 8000 -h /www";
    host.drop(`users/${alice}/site.yaml`, containerSpec("site", { command: ["/bin/sh", "-c", script] }));
    await host.waitForReady(`${alice}/site`);
    await waitFor("the web server", async () => {
      const { exitCode } = await host.dockerExec(
        `${alice}/site`,
        "wget",
        "-qO/dev/null",
        "http://127.0.0.1:8000/",
      );
      return exitCode === 0;
    });
    for (const each of new Set([installedKubectls()[0], kubectl])) {
      const { environment, ...ids } = accountOf(host, alice);
      const line = ["port-forward", "pod/site", ":8000", ":9"];
      const forward = spawn((each ?? program).path, line, { env: environment, ...ids });
      let said = "";
      forward.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
      forward.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      const portTo = (target: number): string =>
        new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${target}`).exec(said)?.[1] ?? "";
      await waitFor("the ports to be forwarded", () => portTo(8000) !== "" && portTo(9) !== "");
      const fetched = Array.from({ length: 5 }, async () => {
        const answer = await fetch(`http://127.0.0.1:${portTo(8000)}/`);
        return answer.text();
      });
      for (const text of await Promise.all(fetched)) expect(text).toMatch(/^1\n[^]*\n200000\n$/);
      await expect(fetch(`http://127.0.0.1:${portTo(9)}/`)).rejects.toThrow();
      await waitFor("kubectl to say why", () => /error occurred forwarding/i.test(said));
      forward.kill("SIGKILL");
    }
  });

  it("keeps users apart, in kubectl's words", async () => {
    host.drop(`users/${alice}/own.yaml`, containerSpec("own", { env: [{ name: "TOKEN", value: "s3cret" }] }));
    await host.waitForReady(`${alice}/own`);
    const denied = async (...line: readonly string[]): Promise<string> => {
      const { code, stderr } = await run(bob, "-n", alice, ...line);
      expect(code, line.join(" ")).toBe(1);
      return stderr;
    };
    expect(await denied("delete", "container", "own")).toMatch(
      /^Error from server \(Forbidden\): containers\.ds01\.io "own" is forbidden: User "news" cannot delete resource "containers" in API group "ds01\.io" in the namespace "games"/,
    );
    expect(await denied("logs", "own")).toContain('pods "own" is forbidden');
    expect(await denied("exec", "own", "--", "id")).toMatch(/forbidden/i);
    expect(await denied("get", "events")).toContain("events is forbidden");
    for (const kind of ["container", "pod"]) {
      expect(await denied("get", kind, "own")).toMatch(
        /^Error from server \(Forbidden\): .*"news" cannot get/,
      );
      expect((await run(bob, "get", kind, "-A")).stdout).not.toContain("own");
      expect(await ok(alice, "get", kind, "-A")).toContain("own");
    }
    expect((await run(bob, "get", "namespaces", "-o", "name")).stdout).toBe(`namespace/${bob}\n`);
    expect((await run(bob, "get", "containers")).stderr).toContain(`No resources found in ${bob} namespace.`);
    expect(host.controller.stderr).not.toContain("ds01_");
  });

  it("remembers who says what, over a restart and an edit of the file", async () => {
    const fileOf = (name: string, spec: object): string => {
      const file = join(host.directory, name);
      const document = {
        apiVersion: "ds01.io/v1alpha1",
        kind: "ContainerSpec",
        metadata: { name: "shared" },
      };
      writeFileSync(file, JSON.stringify({ ...document, spec }));
      return file;
    };
    const own = { image: "bed/base:1", command: ["/bin/sh", "-c", "while true; do sleep 0.1; done"] };
    const path = join(host.specs, `users/${alice}/shared.yaml`);
    const apply = ["apply", "--server-side", "-f"] as const;
    await ok(alice, "apply", "-f", fileOf("own.json", own));
    expect(readFileSync(path, "utf8")).not.toContain("last-applied");
    await ok(alice, ...apply, fileOf("own.json", own));
    const limits = fileOf("limits.json", { stopGracePeriod: "5s" });
    await ok(alice, ...apply, limits, "--field-manager", "lab");
    expect(readFileSync(path, "utf8")).toMatch(/stopGracePeriod: "?5s/);

    await host.restartController();
    // Its port is another one now.
    await writeKubeconfig(host, alice);
    expect(await ok(alice, "get", "container", "shared", "-o", "yaml", "--show-managed-fields")).toMatch(
      /f:stopGracePeriod: \{\}\n +manager: lab\n +operation: Apply/,
    );
    const taken = fileOf("taken.json", { ...own, stopGracePeriod: "9s" });
    expect((await run(alice, ...apply, taken)).stderr).toContain(
      'Apply failed with 1 conflict: conflict with "lab": .spec.stopGracePeriod',
    );
    host.drop(`users/${alice}/shared.yaml`, readFileSync(path, "utf8").replace("5s", "6s"));
    await waitFor("the edit to be taken in", async () =>
      (await ok(alice, "get", "container", "shared", "-o", "jsonpath={.spec.stopGracePeriod}")).includes(
        "6s",
      ),
    );
    expect((await run(alice, ...apply, limits, "--field-manager", "lab")).stderr).toContain(
      'conflict with "specs" using ds01.io/v1alpha1: .spec.stopGracePeriod',
    );
    await ok(alice, "delete", "container", "shared", "--timeout=90s");
  });
});
