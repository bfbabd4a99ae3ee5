import { plainProcess } from "../../src/core/plan/container-process.ts";
import fc from "fast-check";
import type { ContainerSpecSpec } from "../../src/api/container.ts";
import { labels } from "../../src/api/names.ts";
import type { EngineState, ObservedContainer } from "../../src/core/observed.ts";
import { containerName, replacementName } from "../../src/core/plan/container-name.ts";
import { plainSecurity } from "../../src/core/plan/container-security.ts";
import { specHash } from "../../src/core/plan/spec-hash.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import { ownInstance } from "./pure-host.ts";
import { spec, startOfTest } from "./world-builder.ts";

const minute = 60_000;
const times = fc.integer({ min: -30 * minute, max: minute }).map((offset) => startOfTest + offset);

const engineStates: readonly EngineState[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];

/** Containers that carry the labels of the object, in whatever state somebody's hands or the past left them. */
export function containersOf(
  own: ContainerRecord,
  ids: readonly string[],
): fc.Arbitrary<ObservedContainer[]> {
  const names = [
    containerName(own.namespace, own.name),
    replacementName(own.namespace, own.name, 1),
    replacementName(own.namespace, own.name, 2),
    `${own.name}-renamed`,
  ];
  return fc
    .tuple(
      fc.shuffledSubarray(names, { maxLength: ids.length }),
      fc.array(someContainer(own), { minLength: 4, maxLength: 4 }),
    )
    .map(([chosen, made]) =>
      chosen.flatMap((name, index) => {
        const [id, one] = [ids[index], made[index]];
        return id === undefined || one === undefined ? [] : [{ ...one, id, name }];
      }),
    );
}

/** One container with the labels of the object; it still needs a name and an id. */
export function someContainer(own: ContainerRecord): fc.Arbitrary<ObservedContainer> {
  const written = own.spec ?? spec();
  const uuids = fc.oneof(
    { arbitrary: fc.constant([] as string[]), weight: 2 },
    {
      arbitrary: fc.subarray(["GPU-0", "GPU-1", "GPU-2", "MIG-3-0", "GPU-gone"], {
        minLength: 1,
        maxLength: 3,
      }),
      weight: 3,
    },
  );
  return fc
    .record({
      state: fc.constantFrom(...engineStates),
      hash: fc.constantFrom(
        specHash(written),
        specHash(written),
        specHash(written),
        "v1:other",
        "v9:later",
        "",
      ),
      uuids,
      createdAt: times,
      ranForMs: fc.constantFrom(0, 500, minute, 15 * minute),
      neverRan: fc.boolean(),
      exitCode: fc.constantFrom(0, 1, 137, 143, 255),
      oomKilled: fc.boolean(),
      health: fc.constantFrom(null, null, "starting", "healthy", "unhealthy"),
      lingering: fc.constantFrom(null, false, false, true),
      image: fc.constantFrom(written.image ?? "", written.image ?? "", written.image ?? "", "bed/else:1"),
      memoryBytes: fc.constantFrom(null, 1024 ** 3),
      restartPolicy: fc.constantFrom("no", "no", "no", "always"),
      injection: fc.constantFrom("hook", "cdi", "none"),
      privileged: fc.constantFrom(false, false, false, true),
      adopted: fc.constantFrom(false, false, false, true),
    })
    .map((given): ObservedContainer => {
      const lives = given.state === "running" || given.state === "paused" || given.state === "restarting";
      const ran = lives || (given.state !== "created" && !given.neverRan);
      return {
        id: "",
        name: "",
        state: given.state,
        labels: { ...labelsOf(own, given), ...(given.adopted ? { [labels.adopted]: "true" } : {}) },
        createdAt: given.createdAt,
        startedAt: ran ? given.createdAt : null,
        finishedAt: ran && !lives ? given.createdAt + given.ranForMs : null,
        exitCode: lives ? null : given.exitCode,
        oomKilled: given.oomKilled,
        error: "",
        health: lives ? given.health : null,
        pid: lives ? 1 : null,
        lingering: ran && !lives ? given.lingering : null,
        config: configOf(written, given),
        gpuClaims: { all: false, ids: given.uuids },
      };
    });
}

function configOf(
  written: ContainerSpecSpec,
  given: {
    readonly image: string;
    readonly privileged: boolean;
    readonly restartPolicy: string;
    readonly memoryBytes: number | null;
  },
): ObservedContainer["config"] {
  return {
    image: given.image,
    imageId: "sha256:image",
    entrypoint: written.command ?? [],
    command: written.args ?? [],
    workingDir: "/",
    environment: Object.fromEntries((written.env ?? []).map(({ name, value }) => [name, value])),
    user: written.user === "owner" ? "1000:1000" : "",
    mounts: [],
    ports: [],
    network: "bridge",
    ipc: "private",
    process: plainProcess,
    security: { ...plainSecurity, privileged: given.privileged },
    restartPolicy: given.restartPolicy,
    ulimits: [],
    cgroupParent: "",
    cpus: null,
    memoryBytes: given.memoryBytes,
    memorySwapBytes: given.memoryBytes,
    shmSizeBytes: null,
    pidsLimit: null,
    ioWeight: null,
    ioRates: [],
  };
}

function labelsOf(
  own: ContainerRecord,
  given: {
    readonly hash: string;
    readonly uuids: readonly string[];
    readonly createdAt: number;
    readonly injection: string;
  },
): Record<string, string> {
  return {
    [labels.managed]: "true",
    [labels.user]: own.namespace,
    [labels.name]: own.name,
    [labels.uid]: own.uid,
    [labels.generation]: "1",
    ...(given.hash === "" ? {} : { [labels.specHash]: given.hash }),
    [labels.gpuUuids]: given.uuids.join(","),
    [labels.gpuSlots]: given.uuids.map((uuid) => uuid.replace("GPU-", "")).join(","),
    [labels.gpuAllocated]: given.uuids.length === 0 ? "" : new Date(given.createdAt).toISOString(),
    [labels.injection]: given.injection,
    [labels.instance]: ownInstance,
  };
}
