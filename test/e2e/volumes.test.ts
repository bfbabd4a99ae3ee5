import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import type { ProxyRule } from "../bed/docker-proxy.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

/** A user that every system has. */
const nobody = 65_534;

describe("volumes", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "volumes" });
    // Users are to reach what is theirs in it.
    for (const path of [host.directory, host.specs, join(host.specs, "users")]) chmodSync(path, 0o755);
    mkdirSync(join(host.directory, "locked"));
    mkdirSync(home());
    chownSync(home(), nobody, nobody);
    const hostPaths = [{ path: `${host.directory}/home/**` }, { path: `${host.directory}/locked/**` }];
    host.drop("quotas/all.yaml", quotaSpec("all", { subjects: { default: true }, policy: { hostPaths } }));
  });

  function home(): string {
    return join(host.directory, "home");
  }

  afterAll(async () => host.stop());

  it("must keep a named volume beyond its containers, for its owner alone", async () => {
    const volumes = [{ name: "m", mountPath: "/models", namedVolume: { name: "models" } }];
    host.drop("users/alice/one.yaml", containerSpec("one", { volumes }));
    host.drop("users/bob/one.yaml", containerSpec("one", { volumes }));
    await host.waitForReady("alice/one");
    await host.waitForReady("bob/one");
    await host.dockerExec("alice/one", "sh", "-c", "echo weights > /models/w");
    await host.remove("alice/one");

    const volume = await host.engine.docker.getVolume("ds01-models._.alice").inspect();
    expect(volume.Labels).toMatchObject({
      "ds01.managed": "true",
      "ds01.user": "alice",
      "ds01.volume": "models",
    });
    const readOnly = volumes.map((one) => ({ ...one, readOnly: true }));
    host.drop("users/alice/two.yaml", containerSpec("two", { volumes: readOnly }));
    await host.waitForReady("alice/two");
    expect((await host.dockerExec("alice/two", "cat", "/models/w")).output).toBe("weights\n");
    expect((await host.dockerExec("alice/two", "touch", "/models/new")).exitCode).not.toBe(0);
    expect((await host.dockerExec("bob/one", "ls", "/models")).output).toBe("");
  });

  it("must not use a volume of that name that is somebody else's, and say so", async () => {
    await host.engine.docker.createVolume({ Name: "ds01-taken._.alice" });
    const volumes = [{ name: "t", mountPath: "/t", namedVolume: { name: "taken" } }];
    host.drop("users/alice/taken.yaml", containerSpec("taken", { volumes }));
    const { status } = await host.waitForObject(
      "alice/taken",
      "refused",
      (object) => object.status.reason === "VolumeTaken",
    );
    expect(status.message).toContain("ds01-taken._.alice was not made for it (it has no labels of ds01)");
    expect(await host.containersOf("alice/taken")).toEqual([]);
  });

  it("must mount memory of the declared size and mode", async () => {
    const tmpfs = { sizeLimit: "8Mi", mode: "0750" };
    const volumes = [{ name: "scratch", mountPath: "/scratch", tmpfs }];
    host.drop("users/alice/memory.yaml", containerSpec("memory", { volumes }));
    await host.waitForReady("alice/memory");
    const { output } = await host.dockerExec("alice/memory", "sh", "-c", "mount | grep scratch");
    expect(output).toMatch(/^tmpfs on \/scratch type tmpfs .*size=8192k/);
    expect(output).toMatch(/mode=750/);
  });

  it("must make directories and files as their owner, and none where the owner could not", async () => {
    const path = join(home(), "a/b");
    const volumes = [
      { name: "d", mountPath: "/d", hostPath: { path, type: "DirectoryOrCreate" } },
      { name: "f", mountPath: "/f", hostPath: { path: join(home(), "notes"), type: "FileOrCreate" } },
    ];
    host.drop("users/nobody/makes.yaml", containerSpec("makes", { user: "owner", volumes }));
    await host.waitForReady("nobody/makes");
    for (const made of [join(home(), "a"), path]) {
      expect(statSync(made)).toMatchObject({ uid: nobody, gid: nobody });
      expect(statSync(made).mode & 0o777).toBe(0o755);
    }
    expect(statSync(join(home(), "notes"))).toMatchObject({ uid: nobody, size: 0 });
    expect((await host.dockerExec("nobody/makes", "touch", "/d/x")).exitCode).toBe(0);
    expect(statSync(join(path, "x")).uid).toBe(nobody);

    const locked = join(host.directory, "locked/mine");
    const others = [{ name: "d", mountPath: "/d", hostPath: { path: locked, type: "DirectoryOrCreate" } }];
    host.drop("users/nobody/locked.yaml", containerSpec("locked", { volumes: others }));
    const { status } = await host.waitForObject(
      "nobody/locked",
      "refused",
      (object) => object.status.reason === "HostPathNotMade",
    );
    expect(status.message).toMatch(/cannot be made as nobody: .*Permission denied/);
    expect(existsSync(locked)).toBe(false);
    expect(await host.containersOf("nobody/locked")).toEqual([]);
  });

  it("must copy files before the first start, for the user of the container", async () => {
    const source = join(host.specs, "users/nobody/src");
    mkdirSync(join(source, "deep"), { recursive: true });
    writeFileSync(join(source, "main.sh"), "cat /app/deep/greeting\n");
    writeFileSync(join(source, "deep/greeting"), "copied\n");
    symlinkSync("/etc/shadow", join(source, "link"));
    const spec = {
      user: "owner",
      restartPolicy: "Never",
      command: ["sh", "/app/main.sh"],
      copy: [
        { from: "src", to: "/app" },
        { from: "src/main.sh", to: "/models/run me.sh" },
      ],
      volumes: [{ name: "m", mountPath: "/models", namedVolume: { name: "scripts" } }],
    };
    host.drop("users/nobody/copies.yaml", containerSpec("copies", spec));
    await host.waitForPhase("nobody/copies", "Completed");
    expect((await host.ds01("logs", "copies", "-n", "nobody")).stdout).toBe("copied\n");

    const look = { ...spec, restartPolicy: "Always", command: undefined };
    host.drop("users/nobody/looks.yaml", containerSpec("looks", look));
    await host.waitForReady("nobody/looks");
    const { output } = await host.dockerExec(
      "nobody/looks",
      "sh",
      "-c",
      "ls -lnd /app /app/* '/models/run me.sh'",
    );
    expect(output.match(/ 65534 +65534 /g)).toHaveLength(5);
    expect(output).toContain("/app/link -> /etc/shadow");
    expect((await host.dockerExec("nobody/looks", "touch", "/models/mine")).exitCode).toBe(0);
  });

  it("must make a new container for other copies, with the files as they are then", async () => {
    const before = await host.dockerInspect("nobody/looks");
    writeFileSync(join(host.specs, "users/nobody/src/deep/greeting"), "copied\nanew\n");
    const copy = [{ from: "src", to: "/other" }];
    host.drop("users/nobody/looks.yaml", containerSpec("looks", { user: "owner", copy }));
    await host.waitForAnother("nobody/looks", before.Id);
    const { output } = await host.dockerExec("nobody/looks", "cat", "/other/deep/greeting");
    expect(output).toBe("copied\nanew\n");
    writeFileSync(join(host.specs, "users/nobody/src/deep/greeting"), "copied\n");
  });

  it("must copy nothing that its owner cannot read, nor through a link in the container", async () => {
    writeFileSync(join(home(), "secret"), "root's\n", { mode: 0o600 });
    const copy = [{ from: join(home(), "secret"), to: "/secret" }];
    host.drop("users/nobody/reads.yaml", containerSpec("reads", { copy }));
    const { status } = await host.waitForObject(
      "nobody/reads",
      "refused",
      (object) => object.status.reason === "CopyFailed",
    );
    expect(status.message).toMatch(/cannot be read as nobody: .*Permission denied/);
    await waitFor("it to go", async () => (await host.containersOf("nobody/reads")).length === 0, {
      intervalMs: 50,
    });
    const through = [{ from: "src/main.sh", to: "/bin/sh/x" }];
    host.drop("users/nobody/through.yaml", containerSpec("through", { copy: through }));
    const linked = await host.waitForObject(
      "nobody/through",
      "refused",
      (object) => object.status.reason === "CopyTargetDenied",
    );
    expect(linked.status.message).toContain("/bin/sh is a link in the container");
  });

  it("must not put a file in the place of a directory, whatever lies in it", async () => {
    const volumes = [{ name: "m", mountPath: "/models", namedVolume: { name: "kept" } }];
    host.drop("users/nobody/keeps.yaml", containerSpec("keeps", { user: "owner", volumes }));
    await host.waitForReady("nobody/keeps");
    await host.dockerExec("nobody/keeps", "sh", "-c", "echo weights >/models/weights");
    const copy = [{ from: "src/main.sh", to: "/models" }];
    host.drop("users/nobody/harms.yaml", containerSpec("harms", { user: "owner", volumes, copy }));
    await host.waitForObject(
      "nobody/harms",
      "refused",
      (object) => object.status.reason === "CopyTargetDenied",
    );
    const { output } = await host.dockerExec("nobody/keeps", "cat", "/models/weights");
    expect(output).toBe("weights\n");
    await host.remove("nobody/keeps", "nobody/harms");
  });

  const moments: readonly (readonly [string, ProxyRule])[] = [
    ["create", { method: "POST", path: /\/containers\/create$/, fault: "lost", times: 1 }],
    ["copying", { method: "PUT", path: /\/archive$/, fault: "hang", times: 1 }],
    ["start", { method: "POST", path: /\/start$/, fault: "hang", times: 1 }],
  ];

  it.each(moments)("must be whole after a kill of the controller at its %s", async (name, rule) => {
    const path = join(home(), `kill-${name}`);
    const volumes = [
      { name: "d", mountPath: "/d", hostPath: { path, type: "DirectoryOrCreate" } },
      { name: "v", mountPath: "/v", namedVolume: { name: `kill-${name}` } },
    ];
    const copy = [{ from: "src", to: "/app/src" }];
    host.proxy.clear();
    const withdraw = host.proxy.addRule(rule);
    host.drop(`users/nobody/${name}.yaml`, containerSpec(name, { user: "owner", volumes, copy }));
    const met = (): boolean => host.proxy.requests.some(({ fault }) => fault !== undefined);
    await waitFor(`its ${name}`, async () => met(), { intervalMs: 5 });
    await host.restartController(withdraw);
    await host.waitForReady(`nobody/${name}`);
    expect(await host.containersOf(`nobody/${name}`)).toHaveLength(1);
    expect((await host.dockerExec(`nobody/${name}`, "cat", "/app/src/deep/greeting")).output).toBe(
      "copied\n",
    );
    expect((await host.dockerExec(`nobody/${name}`, "touch", "/d/x", "/v/x")).exitCode).toBe(0);
  });
});
