import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProxyRule } from "../bed/docker-proxy.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

/** A user that every system has. */
const nobody = 65_534;
/** It stands in files that are given to containers, and nothing else may show it. */
const marker = `q7w9${process.pid}hidden`;

describe("files given to containers", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "given-files" });
    // Users are to reach what is theirs in it.
    for (const path of [host.directory, host.specs, join(host.specs, "users")]) chmodSync(path, 0o755);
    mkdirSync(join(host.directory, "home"));
    const hostPaths = [{ path: `${host.directory}/home/**`, readOnly: true }];
    host.drop("quotas/all.yaml", quotaSpec("all", { subjects: { default: true }, policy: { hostPaths } }));
  });

  afterAll(async () => host.stop());

  /** Writes a file that its owner alone may read. */
  function write(path: string, text: string, owner = nobody): string {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
    chownSync(path, owner, owner);
    return path;
  }

  /** Files of the host's directory that hold a text: state, logs, run directory, specs; not those given to containers. */
  function holding(text: string): readonly string[] {
    const paths = readdirSync(host.directory, { recursive: true, withFileTypes: true });
    return paths
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => !/\.(?:env|key)$/.test(path))
      .filter((path) => textOf(path).includes(text))
      .toSorted();
  }

  /** Empty where it has gone meanwhile, as drafts of files do. */
  function textOf(path: string): string {
    try {
      return readFileSync(path, "latin1");
    } catch (error) {
      if (!String(error).includes("ENOENT")) throw error;
      return "";
    }
  }

  /** Everything that is answered about an object. */
  async function answers(name: string): Promise<string> {
    const lines = [
      ["get", "container", name, "-o", "yaml"],
      ["get", "container", name, "-o", "json"],
      ["describe", "container", name],
      ["events"],
      ["diff", "-f", join(host.specs, `users/nobody/${name}.yaml`)],
      ["export", "run", name],
      ["export", "compose", name],
    ];
    const texts: string[] = [];
    for (const line of lines) {
      const { code, stdout, stderr } = await host.ds01(...line, "-n", "nobody");
      texts.push(`${line.join(" ")} ended with ${code}`, stdout, stderr);
    }
    return texts.join("\n");
  }

  it("must give variables of files to the container and to nobody else", async () => {
    write(join(host.specs, "users/nobody/own.env"), `# mine\nTOKEN=${marker} "$HOME"\nSHARED=own\n`);
    write(join(host.directory, "home/wandb.env"), `API_KEY=${marker}\n`);
    const envFrom = [
      { file: { path: "own.env" } },
      { file: { path: join(host.directory, "home/wandb.env") }, prefix: "WANDB_" },
      { file: { path: "none.env", optional: true } },
    ];
    const env = [{ name: "SHARED", value: "spec" }];
    host.drop("users/nobody/given.yaml", containerSpec("given", { user: "owner", envFrom, env }));
    await host.waitForReady("nobody/given");
    const { output } = await host.dockerExec("nobody/given", "env");
    expect(output).toContain(`TOKEN=${marker} "$HOME"\n`);
    expect(output).toContain(`WANDB_API_KEY=${marker}\n`);
    expect(output).toContain("SHARED=spec\n");

    // That it is looked for where everything is kept.
    for (const place of [host.stateDir, join(host.logDir, "events.jsonl"), host.logDir])
      await waitFor(`it to be kept in ${place}`, () =>
        holding("given").some((path) => path.startsWith(place)),
      );
    expect(holding(marker)).toEqual([]);
    const told = await answers("given");
    expect(told).toContain("wandb.env");
    expect(told).not.toContain(marker);
    expect(host.controller.stderr).not.toContain(marker);
  });

  it("must leave a container alone whose file has changed, and also after a kill of the controller", async () => {
    const before = await host.dockerInspect("nobody/given");
    write(join(host.specs, "users/nobody/own.env"), "TOKEN=other\n");
    await host.restartController();
    await host.waitForReady("nobody/given");
    expect(host.proxy.mutations()).toEqual([]);
    expect((await host.dockerInspect("nobody/given")).Id).toBe(before.Id);
    expect(holding(marker)).toEqual([]);
  });

  it("must wait for a file that is missing or wrong, show nothing of it, and go on once it is right", async () => {
    const path = join(host.specs, "users/nobody/late.env");
    rmSync(path, { force: true });
    host.drop("users/nobody/late.yaml", containerSpec("late", { envFrom: [{ file: { path: "late.env" } }] }));
    const because = async (reason: string): Promise<string> => {
      const found = await host.waitForObject("nobody/late", reason, ({ status }) => status.reason === reason);
      return found.status.message ?? "";
    };
    expect(await because("EnvFileNotFound")).toContain("does not exist");
    write(path, `A=1\n${marker}\n`);
    expect(await because("EnvFileInvalid")).toContain("line 2 has no =");
    write(path, `NVIDIA_VISIBLE_DEVICES=${marker}\n`);
    await host.waitForObject("nobody/late", "told", ({ status }) => /line 1 sets/.test(status.message ?? ""));
    write(path, `A=${marker}\n`, 0);
    await host.waitForObject("nobody/late", "told", ({ status }) => {
      return /cannot be read as nobody: .*Permission denied/.test(status.message ?? "");
    });
    expect(await host.containersOf("nobody/late")).toEqual([]);
    write(path, `A=${marker}\n`);
    await host.waitForReady("nobody/late");
    expect((await host.dockerExec("nobody/late", "env")).output).toContain(`A=${marker}\n`);
    expect(holding(marker)).toEqual([]);
    expect(await answers("late")).not.toContain(marker);
    expect(host.controller.stderr).not.toContain(marker);
  });

  it.each([
    ["envFrom", { envFrom: [{ file: { path: "own.env" } }] }],
    ["secrets", { secrets: [{ name: "key", file: "own.env" }] }],
  ])("must make a new container when an edit names files in %s", async (field, fields) => {
    write(join(host.specs, "users/nobody/own.env"), "TOKEN=other\n");
    const name = `edited-${field.toLowerCase()}`;
    host.drop(`users/nobody/${name}.yaml`, containerSpec(name, { user: "owner" }));
    const before = (await host.waitForReady(`nobody/${name}`)).status.container?.id;
    host.drop(`users/nobody/${name}.yaml`, containerSpec(name, { user: "owner", ...fields }));
    await host.waitForObject(`nobody/${name}`, "made anew", ({ status }) => {
      return status.phase === "Running" && status.container?.id !== before;
    });
  });

  const secretsOf = (uid: string): string => join(host.directory, "run/secrets", uid);

  it("must give secrets to the user of the container and to nobody else", async () => {
    write(join(host.specs, "users/nobody/wandb.key"), marker);
    const secrets = [
      { name: "wandb", file: "wandb.key" },
      { name: "other", file: "wandb.key", mountPath: "/home/other key", mode: "0444" },
    ];
    host.drop("users/nobody/secret.yaml", containerSpec("secret", { user: "owner", secrets }));
    await host.waitForReady("nobody/secret");
    const look = ["sh", "-c", "cat /run/secrets/wandb; ls -ln /run/secrets/wandb; ls -ln '/home/other key'"];
    const { output } = await host.dockerExec("nobody/secret", ...look);
    expect(output).toMatch(new RegExp(`^${marker}-r-------- +1 65534 +65534 `));
    expect(output).toMatch(/\n-r--r--r-- +1 65534 +65534 /);
    expect(
      (await host.dockerExec("nobody/secret", "sh", "-c", "echo x >/run/secrets/wandb")).exitCode,
    ).not.toBe(0);

    const found = await host.dockerInspect("nobody/secret");
    expect(JSON.stringify(found)).not.toContain(marker);
    const uid = (await host.container("nobody/secret"))?.metadata.uid ?? "";
    expect(statSync(join(host.directory, "run/secrets")).mode & 0o777).toBe(0o700);
    expect(statSync(secretsOf(uid)).mode & 0o777).toBe(0o700);
    expect(holding(marker)).toEqual(["other", "wandb"].map((name) => join(secretsOf(uid), name)));
    expect(await answers("secret")).not.toContain(marker);
    expect(host.controller.stderr).not.toContain(marker);
    // Its own file system, with which an image could be made of it, has none of it.
    const archive = await host.engine.docker.getContainer(found.Id).export();
    let exported = "";
    for await (const chunk of archive) exported += (chunk as Buffer).toString("latin1");
    expect(exported).toContain("run/secrets/wandb");
    expect(exported).not.toContain(marker);
  });

  it("must take what the file holds at a restart, and put it back when the machine has forgotten it", async () => {
    write(join(host.specs, "users/nobody/wandb.key"), `${marker}-2`);
    const before = await host.dockerInspect("nobody/secret");
    expect((await host.ds01("restart", "secret", "-n", "nobody")).code).toBe(0);
    const restarted = async (earlier: string): Promise<string> =>
      waitFor("another start", async () => {
        const { State, Id } = await host.dockerInspect("nobody/secret");
        expect(Id).toBe(before.Id);
        return State.Running && State.StartedAt !== earlier && State.StartedAt;
      });
    const second = await restarted(before.State.StartedAt);
    expect((await host.dockerExec("nobody/secret", "cat", "/run/secrets/wandb")).output).toBe(`${marker}-2`);

    await host.controller.end("SIGKILL");
    await host.engine.docker.getContainer(before.Id).stop({ t: 0 });
    rmSync(join(host.directory, "run/secrets"), { recursive: true });
    await host.startController();
    await restarted(second);
    expect((await host.dockerExec("nobody/secret", "cat", "/run/secrets/wandb")).output).toBe(`${marker}-2`);
    await host.remove("nobody/secret");
  });

  const moments: readonly (readonly [string, ProxyRule])[] = [
    ["create", { method: "POST", path: /\/containers\/create$/, fault: "lost", times: 1 }],
    ["start", { method: "POST", path: /\/start$/, fault: "hang", times: 1 }],
  ];

  it.each(moments)(
    "must be whole after a kill of the controller at its %s, and leave nothing",
    async (name, rule) => {
      write(join(host.specs, "users/nobody/wandb.key"), marker);
      host.proxy.clear();
      const withdraw = host.proxy.addRule(rule);
      const secrets = [{ name: "wandb", file: "wandb.key" }];
      host.drop(`users/nobody/${name}.yaml`, containerSpec(name, { user: "owner", secrets }));
      const met = (): boolean => host.proxy.requests.some(({ fault }) => fault !== undefined);
      await waitFor(`its ${name}`, async () => met(), { intervalMs: 5 });
      await host.restartController(withdraw);
      await host.waitForReady(`nobody/${name}`);
      expect(await host.containersOf(`nobody/${name}`)).toHaveLength(1);
      expect((await host.dockerExec(`nobody/${name}`, "cat", "/run/secrets/wandb")).output).toBe(marker);
      const uid = (await host.container(`nobody/${name}`))?.metadata.uid ?? "";
      expect(existsSync(secretsOf(uid))).toBe(true);
      await host.remove(`nobody/${name}`);
      await waitFor("its secrets to go", () => !existsSync(secretsOf(uid)));
    },
  );

  it("must remove the secrets of containers that went while there was no controller", async () => {
    const secrets = [{ name: "wandb", file: "wandb.key" }];
    host.drop("users/nobody/gone.yaml", containerSpec("gone", { user: "owner", secrets }));
    await host.waitForReady("nobody/gone");
    const uid = (await host.container("nobody/gone"))?.metadata.uid ?? "";
    const { Id } = await host.dockerInspect("nobody/gone");
    await host.controller.end("SIGKILL");
    await host.engine.docker.getContainer(Id).remove({ force: true });
    host.removeFile("users/nobody/gone.yaml");
    expect(holding(marker)).toContain(join(secretsOf(uid), "wandb"));
    await host.startController();
    await waitFor("its secrets to go", () => !existsSync(secretsOf(uid)));
  });
});
