import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spec } from "../../../test/support/world-builder.ts";
import type { ContainerSpecSpec } from "../../api/container.ts";
import { fieldPolicy, resourcePolicy } from "./field-policy.ts";
import { specHash } from "./spec-hash.ts";

/**
 * Hashes as containers carry them on real hosts. A change here recreates every such container at the next
 * upgrade: never adapt these lines, adapt specHash (or introduce v2 beside v1).
 */
const pinned: readonly (readonly [hash: string, fields: Parameters<typeof spec>[0]])[] = [
  ["v1:075c26d30bcacd23766cf486ee983dce1218920b28668494c8ec17600f978e1e", { image: "ubuntu:24.04" }],
  [
    "v1:7e4857250c0322ac0a868bb97bf96cafdabe41c0ac3bb0e52d855578eec91ab1",
    { image: "pytorch/pytorch:2.7.0", command: ["python", "train.py"], args: ["--epochs", "3"] },
  ],
  [
    "v1:0df4f7c345a99c1b9e14a93121008c3cbf656c1e9fbd4065ef1b67a86f8891d4",
    {
      image: "jupyter/base:1",
      env: [{ name: "EPOCHS", value: "3" }, { name: "EMPTY" }],
      user: "owner",
      workingDir: "/work",
      volumes: [{ name: "data", mountPath: "/data", hostPath: { path: "/srv/data" }, readOnly: true }],
      ports: [{ containerPort: 8888, hostPort: 8888 }],
    },
  ],
  [
    "v1:3a63414c8da601f4624505343405f9fb639beb5001102be5076a99cf4e8f3f03",
    { image: "a:1", network: "host", ipc: "host" },
  ],
  [
    "v1:53401d1283b3853bd7a4d6e5fa27cbae2eff71345537506263227076674ea562",
    { image: "a:1", resources: { shmSize: "16Gi", memory: "32Gi", cpus: 4, pidsLimit: 100 } },
  ],
];

describe("specHash", () => {
  it.each(pinned)("is still %s", (hash, fields) => {
    expect(specHash(spec(fields))).toBe(hash);
  });

  it("does not change when defaults are written out, or empty lists", () => {
    const written = {
      user: "image",
      network: "bridge",
      ipc: "private",
      tty: false,
      stdin: false,
      hostAliases: [],
      env: [],
      volumes: [],
      ports: [],
    };
    expect(specHash(spec({ image: "a:1", ...written }))).toBe(specHash(spec({ image: "a:1" })));
  });

  it("does not change by rights that every container has anyway, or by their order", () => {
    const usual = {
      pid: "private",
      devices: [],
      securityContext: {
        privileged: false,
        capabilities: { add: [], drop: [] },
        allowPrivilegeEscalation: true,
        readOnlyRootFilesystem: false,
        seccompProfile: { type: "RuntimeDefault" },
        appArmorProfile: { type: "RuntimeDefault" },
      },
    };
    expect(specHash(spec({ image: "ubuntu:24.04", ...usual }))).toBe(pinned[0]?.[0]);
    const dropping = (drop: readonly string[]) => spec({ securityContext: { capabilities: { drop } } });
    expect(specHash(dropping(["KILL", "CHOWN"]))).toBe(specHash(dropping(["CHOWN", "KILL"])));
    expect(specHash(dropping(["KILL"]))).not.toBe(specHash(dropping(["CHOWN"])));
  });

  const others: Partial<Record<keyof ContainerSpecSpec, unknown>> = {
    desiredState: "Stopped",
    imageAliases: ["other:1"],
    imagePullPolicy: "Always",
    restartPolicy: "Never",
    backoffLimit: 3,
    replicas: 3,
    parallelism: 2,
    after: ["prepare"],
    stopGracePeriod: "5s",
    lifecycle: { maxRuntime: "1h" },
    priority: 10,
    preemptible: true,
    gpus: { count: 2 },
    accelerators: { kind: "tpu", count: 1 },
    resources: {
      cpus: 1,
      memory: "1Gi",
      memorySwap: "2Gi",
      pidsLimit: 5,
      io: { weight: 100, devices: [] },
    },
  };

  it.each(Object.keys(others))("does not count %s, which needs no new container", (field) => {
    // Tries are counted of a job only.
    const beside = { backoffLimit: { restartPolicy: "OnFailure" }, parallelism: { replicas: 2 } }[field];
    const fields = { ...beside, [field]: others[field as keyof ContainerSpecSpec] };
    expect(specHash(spec(fields))).toBe(specHash(spec()));
  });

  const immutable: Partial<Record<keyof ContainerSpecSpec, unknown>> = {
    image: "other:1",
    build: { context: "./app" },
    command: ["x"],
    args: ["x"],
    workingDir: "/x",
    env: [{ name: "A", value: "1" }],
    envFrom: [{ file: { path: "a.env" } }],
    tty: true,
    stdin: true,
    init: true,
    stopSignal: "SIGINT",
    healthCheck: { command: ["true"] },
    hostname: "worker-1",
    hostAliases: [{ ip: "10.0.0.5", hostnames: ["data"] }],
    user: "owner",
    volumes: [{ name: "v", mountPath: "/v", hostPath: { path: "/v" } }],
    copy: [{ from: "x", to: "/x" }],
    secrets: [{ name: "key", file: "x.key" }],
    presets: ["models"],
    ports: [{ containerPort: 1 }],
    network: "none",
    ipc: "host",
    pid: "host",
    securityContext: { privileged: true },
    devices: [{ hostPath: "/dev/fuse" }],
  };

  it.each(Object.keys(immutable))("counts %s", (field) => {
    const fields = { [field]: immutable[field as keyof ContainerSpecSpec] };
    expect(specHash(spec(fields))).not.toBe(specHash(spec()));
  });

  it("leaves no field of a spec to chance", () => {
    const tested = new Set([...Object.keys(others), ...Object.keys(immutable)]);
    expect([...tested].toSorted()).toEqual(Object.keys(fieldPolicy).toSorted());
    const ulimits = [{ name: "nofile", soft: 1, hard: 1 }];
    expect(specHash(spec({ resources: { ulimits } }))).not.toBe(specHash(spec()));
    expect(specHash(spec({ resources: { shmSize: "1Gi" } }))).not.toBe(specHash(spec()));
    const devices = [{ path: "/dev/sda", readBytesPerSecond: "1Mi" }];
    expect(specHash(spec({ resources: { io: { devices } } }))).not.toBe(specHash(spec()));
    expect(Object.entries(resourcePolicy).filter(([, policy]) => policy === "recreate")).toEqual([
      ["shmSize", "recreate"],
      ["ulimits", "recreate"],
    ]);
  });

  it("does not depend on the order in which fields were written", () => {
    const shuffled = fc.shuffledSubarray(Object.entries(immutable), { minLength: 2 });
    fc.assert(
      fc.property(shuffled, (fields) => {
        const forward = Object.fromEntries(fields) as unknown as ContainerSpecSpec;
        const backward = Object.fromEntries(fields.toReversed()) as unknown as ContainerSpecSpec;
        expect(specHash(forward)).toBe(specHash(backward));
      }),
    );
  });
});
