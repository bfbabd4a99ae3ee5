import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const pulls = ({ proxy }: Host): number =>
  proxy.requests.filter(({ path }) => path === "/images/create").length;

describe("a field of a spec", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "fields",
      nvidia: "A100-80GB:1g.10gb+1g.10gb RTX4090 H100:1g.10gb+1g.10gb L40S",
      files: {
        "quotas/network.yaml": quotaSpec("network", {
          subjects: { users: ["granted"] },
          policy: { hostNetwork: true, hostIPC: true },
        }),
      },
    });
    mkdirSync(join(host.directory, "data"));
    host.drop(
      "quotas/data.yaml",
      quotaSpec("data", {
        subjects: { users: ["alice"] },
        policy: { hostPaths: [{ path: join(host.directory, "data") }] },
      }),
    );
  });

  afterAll(async () => host.stop());

  const drop = (key: string, spec: object): void => {
    host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? "", spec));
  };

  const slots = ({ status }: ContainerObject): readonly string[] => status.gpus.map(({ slot }) => slot);

  it("must have its own health check, or none although its image has one", async () => {
    const check = { command: ["test", "-e", "/tmp/fine"], interval: "500ms", timeout: "5s", retries: 2 };
    drop("bob/checked", { healthCheck: { ...check, startPeriod: "100ms" } });
    await host.waitForObject(
      "bob/checked",
      "found unhealthy",
      (object) => conditionOf(object, "Ready")?.reason === "Unhealthy",
    );
    const { Config } = await host.dockerInspect("bob/checked");
    expect(Config.Healthcheck).toEqual({
      Test: ["CMD", "test", "-e", "/tmp/fine"],
      Interval: 500_000_000,
      Timeout: 5_000_000_000,
      StartPeriod: 100_000_000,
      Retries: 2,
    });
    await host.dockerExec("bob/checked", "touch", "/tmp/fine");
    const { status } = await host.waitForReady("bob/checked");
    await host.ds01("apply", "-f", `${host.specs}/users/bob/checked.yaml`);
    expect((await host.waitForReady("bob/checked")).status.container?.id).toBe(status.container?.id);
    await host.remove("bob/checked");

    drop("bob/unchecked", { image: "bed/health:1", healthCheck: { disabled: true } });
    await host.waitForReady("bob/unchecked");
    expect((await host.dockerInspect("bob/unchecked")).State.Health).toBeUndefined();
    await host.remove("bob/unchecked");
  });

  it("must run as an interactive program wants it, with the declared name, hosts and signal", async () => {
    const fields = {
      command: ["/bin/sh"],
      tty: true,
      stdin: true,
      init: true,
      stopSignal: "SIGINT",
      hostname: "worker-1",
      hostAliases: [{ ip: "10.0.0.5", hostnames: ["data", "data.lab.example"] }],
    };
    drop("bob/shell", fields);
    const { status } = await host.waitForReady("bob/shell");
    const inspected = await host.dockerInspect("bob/shell");
    expect(inspected.Config).toMatchObject({
      Tty: true,
      OpenStdin: true,
      StopSignal: "SIGINT",
      Hostname: "worker-1",
    });
    expect(inspected.HostConfig).toMatchObject({
      Init: true,
      ExtraHosts: ["data.lab.example:10.0.0.5", "data:10.0.0.5"],
    });
    const seen = await host.dockerExec("bob/shell", "sh", "-c", "hostname; cat /etc/hosts /proc/1/comm");
    expect(seen.output).toContain("worker-1");
    expect(seen.output).toMatch(/^10\.0\.0\.5\s+data$/m);
    expect(seen.output).toMatch(/docker-init|tini/);
    // A shell with a terminal lives on, and is the same one after another look at everything.
    await host.ds01("apply", "-f", `${host.specs}/users/bob/shell.yaml`);
    expect((await host.waitForReady("bob/shell")).status.container?.id).toBe(status.container?.id);
    drop("bob/shell", { ...fields, hostname: "worker-2" });
    const renamed = await host.waitForObject(
      "bob/shell",
      "made anew",
      (object) => object.status.phase === "Running" && object.status.container?.id !== status.container?.id,
    );
    expect(renamed.status.reason).not.toBe("Outdated");
    drop("bob/wrong", { hostname: "worker", network: "host" });
    const wrong = await host.waitForObject(
      "bob/wrong",
      "refused",
      (object) => object.status.reason === "SpecInvalid",
    );
    expect(wrong.status.message).toContain("spec.hostname: cannot be set together with network: host");
  });

  it("must choose GPUs by model, memory and board", async () => {
    // The controller may just have started.
    const gpus = await waitFor("the GPUs to be listed", async () => {
      const listed = await host.gpus();
      return listed.size > 0 && listed;
    });
    const models = async (key: string): Promise<readonly string[]> =>
      slots(await host.waitForReady(key)).map((slot) => gpus.get(slot)?.spec.model ?? slot);
    drop("bob/large", { gpus: { count: 1, minMemory: "40Gi" } });
    expect(await models("bob/large")).toEqual(["NVIDIA L40S"]);
    drop("bob/named", { gpus: { count: 1, models: ["*A100*", "*4090*"] } });
    expect(await models("bob/named")).toEqual(["NVIDIA GeForce RTX 4090"]);

    const slice = { count: 1, profile: "1g.10gb" };
    drop("bob/single", { gpus: slice });
    const [single = ""] = slots(await host.waitForReady("bob/single"));
    drop("bob/pair", { gpus: { ...slice, count: 2, sameBoard: "required" } });
    const pair = slots(await host.waitForReady("bob/pair"));
    const boards = pair.map((slot) => slot.split(":")[0]);
    expect(new Set(boards).size).toBe(1);
    expect(boards).not.toContain(single.split(":")[0]);
    await host.remove("bob/named", "bob/single", "bob/pair");
  });

  it("must give a higher priority the earlier place", async () => {
    const gpus = { count: 1, models: ["*L40S*"] };
    drop("bob/later", { gpus, priority: 10 });
    await host.waitForObject("bob/later", "first", ({ status }) => status.queue?.of === 1);
    drop("bob/earlier", { gpus, priority: 20 });
    await host.waitForObject("bob/later", "second", ({ status }) => status.queue?.position === 2);
    await host.waitForObject("bob/earlier", "first", ({ status }) => status.queue?.position === 1);
    await host.remove("bob/large", "bob/later", "bob/earlier");
  });

  it("must join the declared network, and that of the host or its IPC only with a grant", async () => {
    await host.engine.docker.createNetwork({ Name: "lab" });
    drop("bob/joined", { network: "lab" });
    drop("bob/alone", { network: "none" });
    for (const [key, network] of [
      ["bob/joined", "lab"],
      ["bob/alone", "none"],
    ] as const) {
      await host.waitForReady(key);
      expect(Object.keys((await host.dockerInspect(key)).NetworkSettings.Networks)).toEqual([network]);
    }
    const ofHost = { network: "host", ipc: "host" };
    drop("bob/open", ofHost);
    const refused = await host.waitForObject("bob/open", "refused", ({ status }) =>
      (status.message ?? "").includes("asks for the host's network"),
    );
    expect(refused.status.message).toContain("asks for the host's IPC namespace");
    expect(await host.containersOf("bob/open")).toEqual([]);
    drop("granted/open", ofHost);
    await host.waitForReady("granted/open");
    const { HostConfig } = await host.dockerInspect("granted/open");
    expect(HostConfig).toMatchObject({ NetworkMode: "host", IpcMode: "host" });
    await host.remove("bob/joined", "bob/alone", "bob/open", "granted/open");
  });

  it("must publish ports at the declared address with the declared protocol", async () => {
    drop("bob/ports", {
      ports: [
        { containerPort: 53, hostPort: 15_353, hostIP: "127.0.0.2", protocol: "UDP" },
        { containerPort: 80 },
      ],
    });
    await host.waitForReady("bob/ports");
    const { NetworkSettings } = await host.dockerInspect("bob/ports");
    expect(NetworkSettings.Ports).toMatchObject({
      "53/udp": [{ HostIp: "127.0.0.2", HostPort: "15353" }],
      "80/tcp": [{ HostIp: "127.0.0.1", HostPort: expect.stringMatching(/^\d+$/) }],
    });
    await host.remove("bob/ports");
  });

  it("must ask the registry before each create when the image is declared Always, though it is here", async () => {
    await host.engine.docker.getImage("bed/base:1").tag({ repo: "localhost:1/bed/base", tag: "1" });
    const spec = { image: "localhost:1/bed/base:1" };
    drop("bob/here", { ...spec, imagePullPolicy: "IfNotPresent" });
    await host.waitForReady("bob/here");
    expect(pulls(host)).toBe(0);
    drop("bob/asks", { ...spec, imagePullPolicy: "Always" });
    const { status } = await host.waitForPhase("bob/asks", "Backoff");
    expect(status.reason).toBe("RegistryUnreachable");
    expect(pulls(host)).toBeGreaterThan(0);
    expect(await host.containersOf("bob/asks")).toEqual([]);
    await host.remove("bob/here", "bob/asks");
  });

  it("must wait for a host path of the declared type", async () => {
    const path = join(host.directory, "data");
    const volume = (type: string): object => ({
      volumes: [{ name: "data", mountPath: "/data", hostPath: { path, type } }],
    });
    drop("alice/mounts", volume("File"));
    const waiting = await host.waitForPending("alice/mounts", "MountMissing");
    expect(waiting.status.message).toContain(`${path} as File; it is a Directory`);
    drop("alice/mounts", volume("Directory"));
    await host.waitForReady("alice/mounts");
    expect((await host.dockerInspect("alice/mounts")).Mounts).toMatchObject([{ RW: true }]);
    await host.remove("alice/mounts");
  });

  it("must be found by its labels and keep its annotations", async () => {
    const text = containerSpec("labelled").replace(
      "name: labelled",
      "name: labelled\n  namespace: bob\n  labels: { team: vision }\n  annotations: { note: hello }",
    );
    host.drop("users/bob/labelled.yaml", text);
    drop("bob/plain", {});
    for (const key of ["bob/labelled", "bob/plain"]) await host.waitForReady(key);
    const found = await waitFor("the labelled one", async () => {
      const { stdout } = await host.ds01("get", "containers", "-n", "bob", "-l", "team=vision", "-o", "json");
      return (JSON.parse(stdout) as { readonly items: readonly ContainerObject[] }).items;
    });
    expect(found.map(({ metadata }) => metadata)).toMatchObject([
      { name: "labelled", namespace: "bob", labels: { team: "vision" }, annotations: { note: "hello" } },
    ]);
    await host.remove("bob/labelled", "bob/plain");
  });
});
