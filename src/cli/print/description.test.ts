import { expect, test } from "vitest";
import type { ContainerDescription } from "../../api/description.ts";
import type { EventObject } from "../../api/event.ts";
import { plain } from "../terminal.ts";
import { equivalents, renderContainerDescription } from "./description.ts";

const nowMs = Date.parse("2026-03-01T14:00:00Z");
const style = { nowMs, paint: plain };

const queued: EventObject = {
  apiVersion: "v1",
  kind: "Event",
  metadata: {
    name: "e",
    namespace: "bob",
    uid: "e",
    resourceVersion: "1",
    creationTimestamp: "2026-03-01T13:55:00Z",
  },
  type: "Normal",
  reason: "Queued",
  message: "2nd of 3 for 1 GPU",
  involvedObject: {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    namespace: "bob",
    name: "sweep-3",
    uid: "u",
  },
  source: { component: "ds01" },
  count: 1,
  firstTimestamp: "2026-03-01T13:55:00Z",
  lastTimestamp: "2026-03-01T13:55:00Z",
};

const pending: ContainerDescription = {
  namespace: "bob",
  name: "sweep-3",
  labels: {},
  phase: "Pending",
  phaseSince: "2026-03-01T13:55:00Z",
  why: [
    "Needs 1 whole GPU. 5 GPUs here: 2 allocated, 1 cut into MIG, 1 in use by a host process, 1 unhealthy.",
    "2nd in the queue, behind carol/big (priority 70 > 50).",
  ],
  whatHelps: '"gpus: {count: 1, profile: 2g.20gb}" would start now on 1:1.',
  source: { path: "users/bob/sweep-3.yaml", revision: "4f2c1ab" },
  rejection: null,
  container: null,
  restarts: 0,
  gpu: {
    requestedCount: 1,
    profile: null,
    gpuEquivalents: 1,
    devices: [],
    judged: [
      { slot: "0", kind: "NVIDIA A100-SXM4-80GB", why: "cut into MIG" },
      { slot: "0:0", kind: "3g.40gb", why: "a slice" },
      { slot: "1", kind: "NVIDIA A100-SXM4-80GB", why: "allocated: carol/big until 14:20 maxRuntime" },
    ],
    quota: {
      name: "students",
      nominal: 2,
      used: 1,
      left: 1,
      usedBy: ["bob/sweep-1"],
      place: "quotas/students.yaml:6",
    },
  },
  containers: { used: 2, max: 5, left: 3, place: "quotas/students.yaml:4" },
  limits: [
    { name: "cpus", value: "8", origin: "spec" },
    { name: "memory", value: "32Gi", origin: "quotas/students.yaml:9" },
    { name: "shmSize", value: "16Gi", origin: "default" },
    { name: "maxRuntime", value: "24h", origin: "quotas/students.yaml:14" },
  ],
  conditions: [
    {
      type: "Accepted",
      status: "True",
      reason: "SpecValid",
      message: "",
      lastTransitionTime: "",
      observedGeneration: 1,
    },
    {
      type: "GpuAllocated",
      status: "False",
      reason: "WaitingForDevices",
      message: "no free GPU",
      lastTransitionTime: "",
      observedGeneration: 1,
    },
  ],
  next: { text: "nothing to do until a GPU is free; checked at every change", at: null },
  events: [queued],
};

test("a pending container is told in the order a person asks", () => {
  expect(renderContainerDescription(pending, style)).toBe(
    `Name:        sweep-3
Namespace:   bob
Phase:       Pending   (since 5m, 2026-03-01T13:55:00Z)
Why:         Needs 1 whole GPU. 5 GPUs here: 2 allocated, 1 cut into MIG, 1 in use by a host process, 1 unhealthy.
             2nd in the queue, behind carol/big (priority 70 > 50).
What helps:  "gpus: {count: 1, profile: 2g.20gb}" would start now on 1:1.
Source:      users/bob/sweep-3.yaml, revision 4f2c1ab
GPU:         requested 1 (1.0 GPU-equivalents); quota 2.0, used 1.0 (bob/sweep-1), left 1.0   quotas/students.yaml:6
Devices:     0    NVIDIA A100-SXM4-80GB  cut into MIG
             0:0  3g.40gb                a slice
             1    NVIDIA A100-SXM4-80GB  allocated: carol/big until 14:20 maxRuntime
Containers:  bob has 2 of 5, left 3   quotas/students.yaml:4
Limits:      cpus 8 (spec)  memory 32Gi (quotas/students.yaml:9)  shmSize 16Gi (default)
             maxRuntime 24h (quotas/students.yaml:14)
Conditions:
  Accepted      True   SpecValid
  GpuAllocated  False  WaitingForDevices  no free GPU
Next:        nothing to do until a GPU is free; checked at every change
Events:
  5m  Normal  Queued  2nd of 3 for 1 GPU
`,
  );
});

test("a running container whose file became wrong says so with the place", () => {
  const text = renderContainerDescription(
    {
      ...pending,
      phase: "Running",
      why: [],
      whatHelps: null,
      labels: { team: "vision" },
      restarts: 2,
      rejection: {
        reason: "SpecInvalid",
        message: "the file is not in effect; the last good one is kept",
        problems: [
          {
            file: "users/bob/sweep-3.yaml",
            position: { line: 7, column: 3 },
            length: 3,
            field: "spec.gpu",
            message: "unknown field",
          },
        ],
      },
      container: {
        id: "0123456789abcdef",
        name: "sweep-3._.bob",
        image: "pytorch:2.5",
        startedAt: "2026-03-01T12:00:00Z",
      },
      gpu: {
        requestedCount: 1,
        profile: "2g.20gb",
        gpuEquivalents: 0.2857,
        devices: [{ slot: "1:1", uuid: "MIG-5c1e", profile: "2g.20gb" }],
        quota: null,
      },
      containers: null,
      limits: [],
      conditions: [],
      next: { text: "maxRuntime ends", at: "2026-03-02T12:00:00Z" },
      events: [],
    },
    style,
  );
  expect(text).toBe(
    `Name:        sweep-3
Namespace:   bob
Labels:      team=vision
Phase:       Running   (since 5m, 2026-03-01T13:55:00Z; restarts 2)
Rejected:    SpecInvalid: the file is not in effect; the last good one is kept
             users/bob/sweep-3.yaml:7:3: error: spec.gpu: unknown field
Source:      users/bob/sweep-3.yaml, revision 4f2c1ab
Container:   sweep-3._.bob, 0123456789ab, image pytorch:2.5, started 2026-03-01T12:00:00Z
GPU:         requested 1 x 2g.20gb (0.286 GPU-equivalents)
             1:1 MIG-5c1e 2g.20gb
Next:        maxRuntime ends (2026-03-02T12:00:00Z)
Events:      none
`,
  );
});

test("what the Why lines say of a rejection is not told twice", () => {
  const problem = {
    file: "users/bob/sweep-3.yaml",
    position: { line: 7, column: 3 },
    length: 3,
    field: "spec.gpu",
    message: "unknown field",
  };
  const [message, why] = [
    "users/bob/sweep-3.yaml:7:3: spec.gpu: unknown field",
    "The file is not in effect: ",
  ];
  const rejection = { reason: "SpecInvalid", message, problems: [problem] };
  expect(renderContainerDescription({ ...pending, rejection, why: [`${why}${message}`] }, style)).toContain(
    `Why:         The file is not in effect: users/bob/sweep-3.yaml:7:3: spec.gpu: unknown field
What helps:  "gpus: {count: 1, profile: 2g.20gb}" would start now on 1:1.
Rejected:    SpecInvalid
             users/bob/sweep-3.yaml:7:3: error: spec.gpu: unknown field
`,
  );
});

test("nothing from a container can steer the terminal", () => {
  expect(renderContainerDescription({ ...pending, why: ["\u001b[2J gone"] }, style)).toContain(
    "\\x1b[2J gone",
  );
});

test.each([
  [1, "1.0"],
  [0.2857, "0.286"],
  [2.5, "2.5"],
  [0, "0.0"],
])("%d GPU-equivalents read %s", (count, text) => {
  expect(equivalents(count)).toBe(text);
});
