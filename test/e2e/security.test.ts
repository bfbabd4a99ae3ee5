import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const asked = {
  pid: "host",
  securityContext: {
    capabilities: { add: ["SYS_PTRACE"], drop: ["NET_RAW"] },
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    seccompProfile: { type: "Unconfined" },
    appArmorProfile: { type: "Unconfined" },
  },
  devices: [{ hostPath: "/dev/null", containerPath: "/dev/nothing", permissions: "rw" }],
};

describe("rights beyond those of any container", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "security" });
    mkdirSync(join(host.directory, "data/own/set"), { recursive: true });
    mkdirSync(join(host.directory, "secret"));
    writeFileSync(join(host.directory, "secret/key"), "secret\n");
    host.drop(
      "quotas/trusted.yaml",
      quotaSpec("trusted", {
        subjects: { users: ["granted"] },
        policy: {
          privileged: true,
          hostPID: true,
          devices: [{ path: "/dev/nul*", permissions: "rw" }],
          capabilities: ["SYS_PTRACE"],
          securityOptions: ["seccomp=unconfined", "apparmor=unconfined"],
          images: { allow: ["bed/**"] },
          hostPorts: { ranges: ["900-999"], addresses: ["0.0.0.0"] },
        },
      }),
    );
    host.drop(
      "quotas/own.yaml",
      quotaSpec("own", {
        subjects: { default: true },
        policy: { hostPaths: [{ path: join(host.directory, "data/**") }] },
      }),
    );
  });

  afterAll(async () => host.stop());

  it("must never reach what Docker keeps, wherever that is and whatever is granted", async () => {
    const { DockerRootDir: dataRoot } = (await host.engine.docker.info()) as { DockerRootDir: string };
    host.drop(
      "quotas/all.yaml",
      quotaSpec("all", { subjects: { users: ["curious"] }, policy: { hostPaths: [{ path: "/**" }] } }),
    );
    const volumes = [{ name: "all", hostPath: { path: join(dataRoot, "volumes") }, mountPath: "/all" }];
    host.drop("users/curious/look.yaml", containerSpec("look", { volumes }));
    const { status } = await host.waitForObject(
      "curious/look",
      "refused",
      ({ status: { reason } }) => reason === "HostPathProtected",
    );
    expect(status.message).toContain(dataRoot);
    expect(await host.containersOf("curious/look")).toEqual([]);
  });

  it("must be as declared with a grant, and refused one by one without", async () => {
    host.drop("users/bob/all.yaml", containerSpec("all", asked));
    const { status } = await host.waitForObject("bob/all", "refused", (object) =>
      (object.status.message ?? "").includes("asks for the host's PID namespace"),
    );
    expect(status.message?.split("\n").map((line) => line.replace(/^bob\/all |;.*$/g, ""))).toEqual([
      "asks for the host's PID namespace",
      "asks for capability SYS_PTRACE",
      "asks for seccomp=unconfined",
      "asks for apparmor=unconfined",
      "asks for device /dev/null (rw)",
    ]);
    expect(await host.containersOf("bob/all")).toEqual([]);

    const ports = [{ containerPort: 80, hostPort: 980, hostIP: "0.0.0.0" }];
    host.drop("users/granted/all.yaml", containerSpec("all", { ...asked, ports }));
    await host.waitForReady("granted/all");
    const { HostConfig, Config } = await host.dockerInspect("granted/all");
    expect(HostConfig).toMatchObject({
      PidMode: "host",
      ReadonlyRootfs: true,
      Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/nothing", CgroupPermissions: "rw" }],
      PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "980" }] },
    });
    expect(HostConfig.SecurityOpt).toEqual(
      expect.arrayContaining(["no-new-privileges", "seccomp=unconfined", "apparmor=unconfined"]),
    );
    const plain = (names: unknown) => (names as string[]).map((name) => name.replace(/^CAP_/, ""));
    expect([plain(HostConfig.CapAdd), plain(HostConfig.CapDrop)]).toEqual([["SYS_PTRACE"], ["NET_RAW"]]);
    expect(Config.Env).toContain("NVIDIA_VISIBLE_DEVICES=void");
    expect((await host.dockerExec("granted/all", "touch", "/new")).exitCode).not.toBe(0);
    expect((await host.dockerExec("granted/all", "ls", "/dev/nothing")).exitCode).toBe(0);
  });

  it("must be privileged only with a grant, and see no GPU by its environment even then", async () => {
    const spec = { image: "bed/cuda:1", securityContext: { privileged: true } };
    host.drop("users/bob/root.yaml", containerSpec("root", spec));
    await host.waitForPending("bob/root", "PrivilegedDenied");
    host.drop("users/granted/root.yaml", containerSpec("root", spec));
    // Whether it can start depends on the rights of the engine itself, which in a sandbox has fewer.
    await expect.poll(async () => host.containersOf("granted/root")).toHaveLength(1);
    const { HostConfig, Config } = await host.dockerInspect("granted/root");
    expect(HostConfig.Privileged).toBe(true);
    expect(Config.Env).toContain("NVIDIA_VISIBLE_DEVICES=void");
    await host.remove("granted/root", "bob/root");
  });

  it("must change nothing when the controller starts again", async () => {
    await host.restartController();
    await host.waitForReady("granted/all");
    expect(host.proxy.mutations()).toEqual([]);
    await host.remove("granted/all", "bob/all");
  });

  it("must not start a container whose directory has become a link to elsewhere", async () => {
    const own = join(host.directory, "data/own");
    const volumes = [{ name: "v", mountPath: "/v", hostPath: { path: join(own, "set") } }];
    host.drop("users/bob/swap.yaml", containerSpec("swap", { volumes }));
    await host.waitForReady("bob/swap");
    expect(await host.ds01("stop", "swap", "-n", "bob")).toMatchObject({ code: 0 });
    await host.waitForPhase("bob/swap", "Stopped");
    renameSync(join(own, "set"), join(own, "before"));
    symlinkSync(join(host.directory, "secret"), join(own, "set"));
    const told = await host.ds01("start", "swap", "-n", "bob");
    expect(told).toMatchObject({ code: 3, stderr: expect.stringContaining("which leads to") as string });
    host.drop("users/bob/swap.yaml", containerSpec("swap", { volumes }));
    const { status } = await host.waitForObject(
      "bob/swap",
      "refused",
      (object) => object.status.reason === "HostPathDenied",
    );
    expect(status.message).toContain(`which leads to ${join(host.directory, "secret")}`);
    const { State } = await host.dockerInspect("bob/swap");
    expect(State.Running).toBe(false);
  });
});
