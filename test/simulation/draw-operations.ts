import type { EngineFault } from "./engine-weather.ts";
import { faultyCalls, type Operation, type PlannedOperation } from "./operation.ts";
import { SeededRandom } from "./seeded-random.ts";
import { layouts } from "./simulated-devices.ts";

const users = ["alice", "bob"] as const;
const names = ["one", "two", "three"] as const;
const cards = ["GPU-0", "GPU-1", "GPU-2", "GPU-3"] as const;

/** Everything that is done to the world under one seed. */
export function drawOperations(seed: number): readonly PlannedOperation[] {
  const random = new SeededRandom(seed);
  const count = 6 + random.below(26);
  const first: readonly PlannedOperation[] = [
    ...(random.chance(0.5) ? [atOnce({ do: "cards", whole: random.below(2) })] : []),
    ...(random.chance(0.7) ? [atOnce(writeQuota(random))] : []),
    ...Array.from({ length: 1 + random.below(5) }, () => atOnce(writeSpec(random))),
  ];
  const pace = random.pick([200, 3000, 20_000, 60_000]);
  const rest = Array.from({ length: count }, (): PlannedOperation => ({
    afterMs: random.below(pace),
    afterSteps: random.chance(0.5) ? 1 + random.below(40) : 100_000,
    operation: drawOperation(random),
  }));
  return [...first, ...rest];
}

function atOnce(operation: Operation): PlannedOperation {
  return { afterMs: 0, afterSteps: 0, operation };
}

type Draw = (random: SeededRandom) => Operation;

/** Weight and what is drawn. */
const table: readonly (readonly [number, Draw])[] = [
  [14, writeSpec],
  [3, writeQuota],
  [3, (random) => ({ ...written(random), do: "writeSlowly", afterMs: random.below(5000) })],
  [3, (random) => ({ ...written(random), do: "replace", afterMs: random.below(5000) })],
  [3, (random) => ({ do: "break", path: specPath(random) })],
  [
    10,
    (random) => ({
      do: "declare",
      path: specPath(random),
      state: random.pick(["Running", "Running", "Stopped", "Stopped", "Paused"]),
    }),
  ],
  [3, (random) => ({ do: "move", path: specPath(random), to: movedPath(random) })],
  [
    7,
    (random) => ({
      do: "delete",
      path: random.chance(0.85) ? specPath(random) : random.pick(["quotas/all.yaml", "reservations/ml.yaml"]),
    }),
  ],
  [1, (random) => ({ do: "deleteFolder", path: random.pick(["users", "users/alice", "quotas"]) })],
  [3, (random) => ({ do: "treeAway", forMs: random.below(random.pick([40_000, 240_000])) })],
  [1, (random) => ({ do: "treeEvents", lost: random.chance(0.6) })],
  [
    16,
    (random) => ({
      do: "hand",
      command: random.pick([
        "stop",
        "kill",
        "rm",
        "start",
        "start",
        "pause",
        "unpause",
        "rename",
        "oom",
        "killShim",
      ]),
      which: random.below(12),
    }),
  ],
  [
    3,
    (random) => ({
      do: "foreign",
      name: random.chance(0.4) ? `${random.pick(names)}._.${random.pick(users)}` : `other-${random.below(3)}`,
      gpu: random.chance(0.5) ? random.pick(cards) : null,
      instance: random.chance(0.4) ? "another" : null,
    }),
  ],
  [12, (random) => ({ do: "fault", fault: drawFault(random) })],
  [4, (random) => ({ do: "events", how: random.pick(["lost", "repeated", "usual"]) })],
  [4, (random) => ({ do: "engineAway", forMs: random.below(60_000), restart: random.chance(0.6) })],
  [
    3,
    (random) => ({ do: "gpu", how: random.pick(["sick", "well", "gone", "back"]), uuid: random.pick(cards) }),
  ],
  [2, (random) => ({ do: "recut", layout: random.below(layouts.length) })],
  [2, (random) => ({ do: "gpuStackAway", forMs: random.below(60_000) })],
  [2, (random) => ({ do: "diskFull", forMs: random.below(30_000) })],
  [
    1,
    (random) => ({
      do: "clock",
      byMs: (random.chance(0.5) ? 1 : -1) * random.pick([30_000, 600_000, 86_400_000]),
    }),
  ],
  [9, (random) => ({ do: "crash", downMs: random.chance(0.7) ? random.below(200) : random.below(60_000) })],
  [4, (random) => ({ do: "halt", forMs: random.below(40_000), second: random.chance(0.8) })],
  [
    2,
    (random) => ({
      do: "emergency",
      user: random.pick([null, "alice", "bob"]),
      over: random.chance(0.5),
    }),
  ],
  [
    2,
    (random) => ({
      do: "book",
      name: random.pick(["ml", "thesis"]),
      user: random.pick([...users, "carol"]),
      device: random.pick(cards),
      inMs: random.below(60_000),
      forMs: 30_000 + random.below(600_000),
    }),
  ],
];
const weights = table.reduce((sum, [weight]) => sum + weight, 0);

function drawOperation(random: SeededRandom): Operation {
  let at = random.below(weights);
  for (const [weight, draw] of table) {
    if (at < weight) return draw(random);
    at -= weight;
  }
  throw new TypeError("the weights do not add up");
}

function drawFault(random: SeededRandom): EngineFault {
  return {
    ...(random.chance(0.15) ? {} : { call: random.pick(faultyCalls) }),
    mode: random.pick(["refused", "answerLost", "answerLost", "hangs", "late", "slow"]),
    delayMs: random.below(20_000),
    times: 1 + random.below(3),
  };
}

function specPath(random: SeededRandom): string {
  return `users/${random.pick(users)}/${random.pick(names)}.yaml`;
}

function movedPath(random: SeededRandom): string {
  return `users/${random.pick(users)}/moved-${random.below(2)}.yaml`;
}

function writeSpec(random: SeededRandom): Operation {
  return { ...written(random), do: "write" };
}

function written(random: SeededRandom): { readonly path: string; readonly text: string } {
  const user = random.pick(users);
  const name = random.pick(names);
  const file = random.chance(0.93) ? name : random.pick(names);
  const lines = drawSpec(random).map((line) => `  ${line}`);
  const head = [
    "apiVersion: ds01.io/v1alpha1",
    "kind: ContainerSpec",
    `metadata: { name: ${name}, namespace: ${user} }`,
    "spec:",
  ];
  return { path: `users/${user}/${file}.yaml`, text: [...head, ...lines, ""].join("\n") };
}

function drawSpec(random: SeededRandom): readonly string[] {
  const sometimes = (probability: number, lines: readonly string[]): readonly string[] =>
    random.chance(probability) ? [random.pick(lines)] : [];
  const kind = random.below(10);
  const process =
    kind < 6
      ? [`image: ${random.pick(["bed/base:1", "bed/base:1", "bed/base:2", "bed/health:1"])}`]
      : kind < 7
        ? ["image: bed/stubborn:1"]
        : kind < 8
          ? [`image: ${random.pick(["far/tool:1", "far/missing:1"])}`]
          : [
              "image: bed/crash:1",
              `env: [{ name: CRASH_CODE, value: "${random.below(2)}" }, { name: CRASH_AFTER, value: "${random.below(60)}" }]`,
              ...sometimes(0.7, ["restartPolicy: Never", "restartPolicy: OnFailure", "backoffLimit: 1"]),
            ];
  const deadlines = [
    ...sometimes(0.4, [
      "holdGpuAfterStop: 10s",
      "holdGpuAfterStop: 60s",
      "holdGpuAfterStop: 5m",
      "holdGpuAfterStop: never",
    ]),
    ...sometimes(0.3, ["removeAfterStop: 30s", "removeAfterStop: 3m"]),
    ...sometimes(0.15, ["maxRuntime: 1m", "maxRuntime: 4m"]),
  ];
  return [
    ...process,
    ...sometimes(0.65, [
      "gpus: { count: 1 }",
      "gpus: { count: 1 }",
      "gpus: { count: 2 }",
      "gpus: { count: 1, profile: 3g.40gb }",
      "gpus: { count: 1, profile: 1g.10gb }",
    ]),
    ...sometimes(0.3, ["desiredState: Stopped", "desiredState: Stopped", "desiredState: Paused"]),
    ...sometimes(0.5, ["stopGracePeriod: 5s", "stopGracePeriod: 20s"]),
    ...sometimes(0.3, ["resources: { memory: 1Gi }", "resources: { memory: 2Gi }", "resources: { cpus: 2 }"]),
    ...sometimes(0.15, ["priority: 20", "priority: 80"]),
    ...sometimes(0.15, ["preemptible: true"]),
    ...sometimes(0.04, ["replicas: 2", "replicas: 3\nparallelism: 1"]).flatMap((text) => text.split("\n")),
    ...sometimes(0.1, ["ports: [{ containerPort: 80, hostPort: 8080 }]"]),
    ...(deadlines.length === 0 ? [] : [`lifecycle: { ${deadlines.join(", ")} }`]),
  ];
}

function writeQuota(random: SeededRandom): Operation {
  const lines = [
    "apiVersion: ds01.io/v1alpha1",
    "kind: QuotaSpec",
    "metadata: { name: all }",
    "spec:",
    "  subjects: { default: true }",
    ...(random.chance(0.5) ? [`  maxContainers: ${1 + random.below(3)}`] : []),
    ...(random.chance(0.3) ? ["  cohort: lab"] : []),
    `  gpus: { nominal: ${1 + random.below(3)}${random.chance(0.3) ? ", borrowingLimit: 1" : ""} }`,
    "",
  ];
  return { do: "write", path: "quotas/all.yaml", text: lines.join("\n") };
}
