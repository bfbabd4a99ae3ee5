import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { documentSchemas, writtenKinds } from "./document.ts";
import type { WrittenKind } from "./document.ts";
import { documentJsonSchema } from "./json-schema.ts";
import { fieldsBelow } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Whether a value fits a schema, for the keywords that ds01's schemas use; throws on any other. */
function fits(node: SchemaNode, value: unknown): boolean {
  const { type, properties = {}, required = [], additionalProperties, items, anyOf, ...rest } = node;
  if (anyOf !== undefined && !anyOf.some((member) => fits(member, value))) return false;
  if (type !== undefined && !hasType(type, value)) return false;
  if (!Object.entries(rest).every(([keyword, argument]) => passes(keyword, argument, value))) return false;
  if (Array.isArray(value)) return items === undefined || value.every((item) => fits(items, item));
  if (typeof value !== "object" || value === null) return true;
  return (
    required.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, field]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (known !== undefined) return fits(known, field);
      return typeof additionalProperties === "object"
        ? fits(additionalProperties, field)
        : additionalProperties !== false;
    })
  );
}

function hasType(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function sizeOf(value: unknown, otherwise: number): number {
  return typeof value === "string" || Array.isArray(value) ? value.length : otherwise;
}

const checks: Readonly<Record<string, (argument: unknown, value: unknown) => boolean>> = {
  const: (argument, value) => value === argument,
  enum: (argument, value) => (argument as unknown[]).includes(value),
  pattern: (argument, value) => typeof value !== "string" || new RegExp(String(argument)).test(value),
  minLength: (argument, value) => sizeOf(value, Infinity) >= Number(argument),
  minItems: (argument, value) => sizeOf(value, Infinity) >= Number(argument),
  maxLength: (argument, value) => sizeOf(value, 0) <= Number(argument),
  maxItems: (argument, value) => sizeOf(value, 0) <= Number(argument),
  minimum: (argument, value) => typeof value !== "number" || value >= Number(argument),
  maximum: (argument, value) => typeof value !== "number" || value <= Number(argument),
  exclusiveMinimum: (argument, value) => typeof value !== "number" || value > Number(argument),
  oneOf: (argument, value) => (argument as SchemaNode[]).filter((member) => fits(member, value)).length === 1,
};
const words = ["description", "title", "default", "examples", "format", "$schema", "$id"];

/** Rules between fields stand in code alone, but for the one that an editor can be told too: image or build. */
function isBeyondTheSchema({ code, path, message }: z.core.$ZodIssue): boolean {
  return code === "custom" && !(path.join(".") === "spec.image" && message === "is missing");
}

function passes(keyword: string, argument: unknown, value: unknown): boolean {
  const check = checks[keyword];
  if (check === undefined && !words.includes(keyword))
    throw new Error(`${keyword} is not known to this test`);
  return check?.(argument, value) ?? true;
}

/** Fields that may not stand beside those of `whole`. */
const excluded = {
  ContainerSpec: {
    spec: {
      accelerators: { kind: "amd.com/gpu", count: 1 },
      healthCheck: { disabled: true },
      build: { context: "./app", dockerfile: "Dockerfile", args: { PYTHON: "3.12" }, target: "runtime" },
    },
  },
  QuotaSpec: {},
  ReservationSpec: {
    spec: {
      gpus: { count: 1, equivalents: 1.5, profile: "2g.20gb", models: ["*A100*"] },
      start: "2026-12-03T14:00:00+01:00",
      end: "2026-12-03T16:00:00+01:00",
    },
  },
};

const wholeIo = {
  weight: 200,
  devices: [
    {
      path: "/dev/nvme0n1",
      readBytesPerSecond: "200Mi",
      writeBytesPerSecond: "100Mi",
      readOperationsPerSecond: 2000,
      writeOperationsPerSecond: 1000,
    },
  ],
};

const whole = {
  ContainerSpec: {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name: "train", namespace: "alice", labels: { a: "b" }, annotations: { c: "d" } },
    spec: {
      desiredState: "Running",
      image: "pytorch/pytorch:2.5",
      imageAliases: ["pytorch:2.5"],
      imagePullPolicy: "IfNotPresent",
      command: ["python"],
      args: ["train.py"],
      workingDir: "/workspace",
      env: [{ name: "EPOCHS", value: "3" }],
      envFrom: [{ file: { path: "train.env", optional: true }, prefix: "WANDB_" }],
      user: "owner",
      resources: {
        cpus: 8,
        memory: "32Gi",
        memorySwap: "none",
        shmSize: "16Gi",
        pidsLimit: 4096,
        ulimits: [{ name: "nofile", soft: 1024, hard: "unlimited" }],
        io: wholeIo,
      },
      gpus: {
        count: 1,
        profile: "2g.20gb",
        minMemory: "20Gi",
        models: ["*A100*"],
        minComputeCapability: "8.0",
        nvlink: "preferred",
        sameBoard: "required",
        allowMig: true,
        shared: { replicas: 4 },
        strategy: "binpack",
      },
      volumes: [
        {
          name: "data",
          mountPath: "/data",
          readOnly: true,
          hostPath: { path: "/data/shared", type: "Directory" },
        },
        { name: "models", mountPath: "/models", namedVolume: { name: "models" } },
        { name: "scratch", mountPath: "/scratch", tmpfs: { sizeLimit: "1Gi", mode: "0700" } },
      ],
      copy: [{ from: "src", to: "/app" }],
      secrets: [{ name: "key", file: "wandb.key", mountPath: "/run/secrets/key", mode: "0440" }],
      presets: ["workspace"],
      tty: true,
      stdin: true,
      init: true,
      stopSignal: "SIGINT",
      healthCheck: { command: ["true"], interval: "10s", timeout: "5s", startPeriod: "1m", retries: 3 },
      hostname: "worker-1",
      hostAliases: [{ ip: "10.0.0.5", hostnames: ["data"] }],
      ports: [{ containerPort: 8888, hostPort: 8888, hostIP: "127.0.0.1", protocol: "TCP" }],
      network: "bridge",
      ipc: "private",
      pid: "private",
      securityContext: {
        privileged: false,
        capabilities: { add: ["SYS_PTRACE"], drop: ["ALL"] },
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        seccompProfile: { type: "RuntimeDefault" },
        appArmorProfile: { type: "Unconfined" },
      },
      devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rw" }],
      restartPolicy: "OnFailure",
      backoffLimit: 3,
      replicas: 1,
      parallelism: 1,
      after: ["prepare"],
      stopGracePeriod: "30s",
      lifecycle: {
        maxRuntime: "24h",
        idleTimeout: "30m",
        holdGpuAfterStop: "15m",
        removeAfterStop: "never",
        ttlAfterFinished: "1h",
        onGpuAccessLost: "notify",
      },
      priority: 50,
      preemptible: true,
    },
  },
  QuotaSpec: {
    apiVersion: "ds01.io/v1alpha1",
    kind: "QuotaSpec",
    metadata: { name: "students", labels: { a: "b" }, annotations: { c: "d" } },
    spec: {
      subjects: { users: ["alice"], groups: ["students"], default: false },
      priority: 50,
      maxContainers: 3,
      cohort: "lab",
      gpus: {
        nominal: 2,
        borrowingLimit: 1,
        lendingLimit: "unlimited",
        maxPerContainer: "unlimited",
        allowFullGpu: true,
        profiles: ["1g.10gb"],
      },
      perContainer: {
        default: {
          cpus: 4,
          memory: "16Gi",
          shmSize: "8Gi",
          pidsLimit: 4096,
          ulimits: [{ name: "nofile", soft: 1024, hard: 65536 }],
          memorySwap: "48Gi",
          io: wholeIo,
        },
        max: {
          cpus: "500m",
          memory: "unlimited",
          shmSize: "16Gi",
          pidsLimit: "unlimited",
          ulimits: [{ name: "memlock", soft: "unlimited", hard: "unlimited" }],
          memorySwap: "unlimited",
          io: wholeIo,
        },
      },
      aggregate: { cpus: 96, memory: "96Gi", pids: "unlimited" },
      lifecycle: {
        maxRuntime: "24h",
        idleTimeout: "30m",
        holdGpuAfterStop: "15m",
        removeAfterStop: "never",
      },
      policy: {
        hostPaths: [{ path: "/home/{user}/**", readOnly: false }],
        users: ["owner", "1000:1000", "*"],
        hostNetwork: false,
        hostIPC: false,
        privileged: false,
        hostPID: false,
        devices: [{ path: "/dev/ttyUSB*", permissions: "rw" }],
        capabilities: ["SYS_PTRACE", "*"],
        securityOptions: ["seccomp=unconfined"],
        images: { allow: ["pytorch/**"], deny: ["docker.io/miners/**"] },
        build: true,
        hostPorts: { ranges: ["8000-8999"], addresses: ["*", "10.0.0.5"] },
      },
    },
  },
  ReservationSpec: {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ReservationSpec",
    metadata: { name: "course-ml", labels: { a: "b" }, annotations: { c: "d" } },
    spec: {
      subjects: { users: ["alice"], groups: ["course-ml"] },
      devices: ["0"],
      weekly: { days: ["Thursday"], from: "14:00", to: "16:00", timeZone: "Europe/Berlin" },
      validFrom: "2026-10-12",
      validUntil: "2027-02-05",
    },
  },
} as const;

/** Every place in a value that can be changed. */
/** Documents with every field of a kind; more than one where some exclude each other. */
function wholes(kind: WrittenKind): object[] {
  if (kind !== "ContainerSpec") return [whole[kind]];
  const { image: _image, imageAliases: _aliases, ...spec } = whole.ContainerSpec.spec;
  const built = { ...spec, build: excluded.ContainerSpec.spec.build };
  return [whole.ContainerSpec, { ...whole.ContainerSpec, spec: built }];
}

function placesOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => placesOf(Reflect.get(value, key), [...path, key]))];
}

function changed(root: unknown, path: readonly (string | number)[], change: unknown): unknown {
  const copy: unknown = structuredClone(root);
  const last = path.at(-1);
  if (last === undefined) return change;
  let holder = copy as object;
  for (const step of path.slice(0, -1)) holder = Reflect.get(holder, step);
  if (change === undefined) Reflect.deleteProperty(holder, last);
  else if (change === "an unknown field") Reflect.set(holder, `${last}x`, 1);
  else Reflect.set(holder, last, change);
  return JSON.parse(JSON.stringify(copy));
}

describe.each(writtenKinds)("the JSON Schema of %s", (kind) => {
  const schema = documentJsonSchema(kind);

  test("knows every field of a whole document, and none beside", () => {
    const written = [...placesOf(whole[kind]), ...placesOf(excluded[kind])]
      .map((path) => path.filter((step) => typeof step === "string").join("."))
      .filter(
        (path) => path !== "" && !/^(?:metadata\.(?:labels|annotations)|spec\.build\.args)\./.test(path),
      );
    expect(new Set(fieldsBelow(schema).map(({ path }) => path.join(".")))).toEqual(new Set(written));
  });

  test("explains every field, and gives an example, a default or the words where one is not obvious", () => {
    for (const { path, node } of fieldsBelow(schema)) {
      expect(node.description, path.join(".")).toMatch(/\.$/);
      const shown =
        node.examples ??
        node.default ??
        node.enum ??
        node.const ??
        node.properties ??
        node.items ??
        node.additionalProperties;
      expect(shown, path.join(".")).toBeDefined();
    }
  });

  test("gives only examples and defaults that fit", () => {
    for (const { path, node } of fieldsBelow(schema)) {
      for (const example of [
        ...(node.examples ?? []),
        ...(node.default === undefined ? [] : [node.default]),
      ]) {
        expect(fits(node, example), `${path.join(".")}: ${JSON.stringify(example)}`).toBe(true);
      }
    }
  });

  test.each(wholes(kind))("accepts and refuses what the parser does", (valid) => {
    expect(fits(schema, valid)).toBe(true);
    const change = fc.constantFrom<unknown>(
      undefined,
      null,
      0,
      -1,
      3,
      0.5,
      1e9,
      true,
      "",
      "x",
      "/x",
      "never",
      "unlimited",
      "5m",
      "Running",
      [],
      ["a"],
      {},
      { a: 1 },
      "an unknown field",
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...placesOf(valid)), change, (path, by) => {
        const value = changed(valid, path, by);
        const result = documentSchemas[kind].safeParse(value);
        const accepted = result.success || result.error.issues.every(isBeyondTheSchema);
        if (!accepted) refused += 1;
        expect(fits(schema, value), JSON.stringify({ path, by })).toBe(accepted);
      }),
      { numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
