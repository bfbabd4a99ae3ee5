import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { HostConfig } from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { fieldPolicies } from "../tools/field-changes.ts";
import { disk } from "./disk.ts";
import { startHost, type Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

/** A field before and after an edit; `with` stands beside it both times. */
interface Edit {
  readonly before?: unknown;
  readonly after: unknown;
  readonly with?: object;
}

/** Fields whose edits another test makes on the engine, because they need more than one. */
const shownElsewhere: Readonly<Record<string, string>> = {
  accelerators: "test/e2e/accelerators.test.ts",
  gpus: "test/e2e/gpu-choice.test.ts and quota.test.ts",
  desiredState: "test/e2e/lifecycle.test.ts",
  copy: "test/e2e/volumes.test.ts, as an account that the host has",
  envFrom: "test/e2e/given-files.test.ts, as an account that the host has",
  secrets: "test/e2e/given-files.test.ts, as an account that the host has",
  replicas: "test/integration/sweeps.test.ts",
  parallelism: "test/integration/sweeps.test.ts",
  "resources.io.weight": "test/e2e/limits.test.ts, where the kernel has it",
};

function edits(host: Host): Readonly<Record<string, Edit>> {
  const directory = join(host.directory, "mounted");
  const volume = { name: "data", mountPath: "/data", hostPath: { path: directory } };
  const limit = { path: disk, readBytesPerSecond: "200Mi" };
  return {
    image: { before: "bed/base:1", after: "bed/stubborn:1", with: { stopGracePeriod: "1s" } },
    build: {
      before: { context: "./app" },
      after: { context: "./app", dockerfile: "Dockerfile.other" },
      with: { image: undefined },
    },
    imageAliases: { after: ["bed/stubborn:1"] },
    imagePullPolicy: { after: "IfNotPresent" },
    command: { after: ["/bin/serve"] },
    args: { before: ["3000"], after: ["4000"], with: { command: ["sleep"], stopGracePeriod: "1s" } },
    workingDir: { after: "/tmp" },
    tty: { after: true },
    stdin: { after: true },
    init: { after: true },
    stopSignal: { after: "SIGINT" },
    healthCheck: { after: { command: ["true"], interval: "500ms" } },
    hostname: { after: "worker-1" },
    hostAliases: { after: [{ ip: "10.0.0.5", hostnames: ["data"] }] },
    env: { before: [{ name: "A", value: "1" }], after: [{ name: "A", value: "2" }] },
    user: { after: "0" },
    volumes: { after: [volume] },
    presets: { after: ["results"] },
    ports: { after: [{ containerPort: 80 }] },
    network: { after: "none" },
    ipc: { after: "host" },
    pid: { after: "host" },
    securityContext: { after: { allowPrivilegeEscalation: false } },
    devices: { after: [{ hostPath: "/dev/null", containerPath: "/dev/nothing" }] },
    restartPolicy: { before: "Always", after: "OnFailure" },
    backoffLimit: { before: 2, after: 3, with: { restartPolicy: "OnFailure" } },
    after: { after: [objectName("image")] },
    stopGracePeriod: { before: "5s", after: "6s" },
    lifecycle: { after: { maxRuntime: "5h" } },
    priority: { after: 10 },
    preemptible: { after: true },
    "resources.cpus": { before: 1, after: 0.5 },
    "resources.memory": { before: "64Mi", after: "96Mi" },
    "resources.memorySwap": { before: "128Mi", after: "160Mi", with: { resources: { memory: "64Mi" } } },
    "resources.shmSize": { before: "8Mi", after: "16Mi" },
    "resources.pidsLimit": { before: 64, after: 128 },
    "resources.ulimits": { after: [{ name: "nofile", soft: 256, hard: 256 }] },
    "resources.io.devices": { after: [limit] },
  };
}

const objectName = (field: string): string => `f-${field.toLowerCase().replaceAll(".", "-")}`;

describe("an edit of each field of a spec", () => {
  let host: Host;
  let table: Readonly<Record<string, Edit>>;
  const containers = new Map<string, string>();

  beforeAll(async () => {
    host = await startHost({ name: "edits" });
    mkdirSync(join(host.directory, "mounted"));
    host.drop("users/alice/app/Dockerfile", "FROM bed/base:1\n");
    host.drop("users/alice/app/Dockerfile.other", "FROM bed/base:1\nENV OTHER=1\n");
    table = edits(host);
    const policy = {
      users: ["*"],
      hostNetwork: true,
      hostIPC: true,
      hostPID: true,
      hostPaths: [{ path: `${host.directory}/**`, readOnly: false }],
      devices: [{ path: "/dev/null" }],
    };
    const spec = { subjects: { default: true }, policy, priority: 100 };
    host.drop("quotas/all.yaml", quotaSpec("all", spec));
  });
  afterAll(async () => host.stop());

  function text(field: string, value: unknown): string {
    const { with: others = {} } = table[field]!;
    const [parent = "", part, below] = field.split(".");
    const beside = (others as Readonly<Record<string, object>>)[parent];
    const spec: Record<string, unknown> = { ...others };
    const inner = below === undefined || value === undefined ? value : { [below]: value };
    if (part === undefined) spec[parent] = value;
    else spec[parent] = { ...beside, ...(inner === undefined ? {} : { [part]: inner }) };
    return containerSpec(objectName(field), spec);
  }

  it("must be tried here for every field, or be shown elsewhere", () => {
    const tried = [...Object.keys(table), ...Object.keys(shownElsewhere)];
    expect(tried.toSorted()).toEqual(
      fieldPolicies()
        .map(([field]) => field)
        .toSorted(),
    );
  });

  it("must find a container to edit", async () => {
    for (const field of Object.keys(table)) {
      host.drop(`users/alice/${objectName(field)}.yaml`, text(field, table[field]!.before));
    }
    for (const field of Object.keys(table)) {
      const { status } = await host.waitForReady(`alice/${objectName(field)}`, 90_000);
      containers.set(field, status.container?.id ?? "");
    }
  });

  it("must keep the container or replace it, as the table in docs/spec/containerspec.md says", async () => {
    const policies = new Map(fieldPolicies());
    const replaced = Object.keys(table).filter((field) => policies.get(field) === "recreate");
    for (const field of Object.keys(table)) {
      host.drop(`users/alice/${objectName(field)}.yaml`, text(field, table[field]!.after));
    }
    const idOf = async (field: string): Promise<string> =>
      (await host.waitForReady(`alice/${objectName(field)}`, 90_000)).status.container?.id ?? "";
    for (const field of replaced) {
      const isNew = async (): Promise<boolean> => (await idOf(field)) !== containers.get(field);
      await waitFor(`a new container for ${field}`, isNew, { timeoutMs: 90_000, intervalMs: 100 });
    }
    const kept = Object.keys(table).filter((field) => !replaced.includes(field));
    const changed = await Promise.all(
      kept.map(async (field) => ((await idOf(field)) === containers.get(field) ? [] : [field])),
    );
    expect(changed.flat()).toEqual([]);
  });

  it("must have reached Docker where the container is kept", async () => {
    const limitOf = async (field: string, name: keyof HostConfig): Promise<unknown> =>
      (await host.dockerInspect(`alice/${objectName(field)}`)).HostConfig[name];
    for (const [field, name, value] of [
      ["resources.cpus", "NanoCpus", 500_000_000],
      ["resources.memory", "Memory", 96 * 1024 ** 2],
      ["resources.memorySwap", "MemorySwap", 160 * 1024 ** 2],
      ["resources.pidsLimit", "PidsLimit", 128],
    ] as const)
      await expect.poll(async () => limitOf(field, name), { message: field }).toBe(value);
  });

  it("must change nothing more when the controller comes back", async () => {
    await host.restartController();
    for (const field of Object.keys(table)) await host.waitForReady(`alice/${objectName(field)}`);
    expect(host.proxy.mutations()).toEqual([]);
  });
});
