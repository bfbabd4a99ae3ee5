import { expect, test } from "vitest";
import type { ContainerStatus } from "./container.ts";
import { kinds } from "./kinds.ts";
import type { ApiObject } from "./meta.ts";
import { kindNames } from "./names.ts";
import type { Kind } from "./names.ts";

const now = Date.parse("2026-05-01T12:00:00Z");
const metadata = { name: "train", uid: "u", resourceVersion: "1", creationTimestamp: "2026-05-01T10:00:00Z" };

function rowOf(kind: Kind, object: Partial<ApiObject>): Record<string, unknown> {
  const definition = kinds[kind];
  const values = definition.cells({ apiVersion: "ds01.io/v1alpha1", kind, metadata, ...object }, now);
  return Object.fromEntries(definition.columns.map(({ name }, index) => [name, values[index]]));
}

function container(status: Partial<ContainerStatus>): Record<string, unknown> {
  const whole: ContainerStatus = {
    phase: "Running",
    observedGeneration: 1,
    conditions: [],
    gpus: [],
    restarts: 0,
    source: { path: "users/alice/train.yaml" },
    ...status,
  };
  return rowOf("ContainerSpec", { spec: { image: "a:1" }, status: whole });
}

test("every named kind has columns, with one name column, descriptions, and wide ones last", () => {
  for (const { kind } of kindNames) {
    const { columns } = kinds[kind];
    expect(columns.filter(({ format }) => format === "name").length).toBe(1);
    expect(columns.every(({ description }) => description.endsWith("."))).toBe(true);
    expect(columns.map(({ priority }) => priority)).toEqual(
      columns.map(({ priority }) => priority).toSorted((one, other) => one - other),
    );
    expect(new Set(columns.map(({ name }) => name)).size).toBe(columns.length);
  }
});

test("a running container shows its slots and age and no reason", () => {
  expect(
    container({
      gpus: [
        { uuid: "a", slot: "0" },
        { uuid: "b", slot: "1:0" },
      ],
    }),
  ).toEqual({
    Name: "train",
    Phase: "Running",
    GPU: "0,1:0",
    Restarts: 0,
    Age: "120m",
    Reason: "",
    Image: "a:1",
    Container: null,
    Idle: null,
    "Pending Limits": null,
    Source: "users/alice/train.yaml",
  });
});

test.each<[Partial<ContainerStatus>, string]>([
  [
    {
      phase: "Pending",
      reason: "WaitingForDevices",
      queue: { position: 2, of: 3, basis: "limit", eta: "2026-05-01T12:20:00Z" },
    },
    "WaitingForDevices: 2nd of 3, in about 20m",
  ],
  [
    { phase: "Pending", reason: "WaitingForDevices", queue: { position: 11, of: 13, basis: "unknown" } },
    "WaitingForDevices: 11th of 13",
  ],
  [
    { phase: "Backoff", reason: "ProcessExited", message: "ExitCode 1", nextStartAt: "2026-05-01T12:00:40Z" },
    "ExitCode 1; next start in 40s",
  ],
  [
    {
      phase: "Held",
      reason: "StoppedByUser",
      message: "Stopped by alice",
      holdUntil: "2026-05-01T12:12:00Z",
    },
    "Stopped by alice; GPU kept 12m more",
  ],
  [
    { reason: "SpecInvalid", message: "users/dave/old.yaml:7:3: spec.gpu: unknown field (last good kept)" },
    "SpecInvalid: users/dave/old.yaml:7:3 (last good kept)",
  ],
  [{ phase: "Failed", reason: "ImageMissing", message: "x".repeat(200) }, "ImageMissing"],
])("the reason of %j", (status, reason) => {
  expect(container(status)["Reason"]).toBe(reason);
});

test("a GPU shows who holds it and until when, or what keeps it from being free", () => {
  const spec = { uuid: "GPU-1", index: 0, model: "A100", memoryBytes: 80 * 2 ** 30, gpuEquivalents: 2 / 7 };
  const status = {
    state: "Held",
    holder: { namespace: "alice", name: "train" },
    until: "2026-05-01T12:12:00Z",
    memoryUsedBytes: null,
    utilizationPercent: 93,
    reason: null,
  };
  expect(rowOf("Gpu", { spec, status })).toMatchObject({
    Model: "A100",
    Memory: "80Gi",
    Holder: "alice/train",
    Until: "in 12m",
    Util: "93%",
    "GPU-Equivalents": "0.286",
    "Memory-Used": "-",
  });
  const foreign = {
    ...status,
    state: "InUse",
    holder: null,
    until: null,
    utilizationPercent: null,
    reason: "pid 4121 (dave, host)",
  };
  expect(rowOf("Gpu", { spec: { ...spec, profile: "3g.40gb" }, status: foreign })).toMatchObject({
    Model: "3g.40gb",
    Holder: "pid 4121 (dave, host)",
    Until: "",
    Util: "-",
  });
});

test("a quota shows its subjects, limits and use", () => {
  const spec = {
    subjects: { users: ["a", "b", "c", "d"], groups: ["lab"], default: true },
    maxContainers: 3,
  };
  const status = {
    observedGeneration: 1,
    conditions: [],
    source: { path: "quotas/x.yaml" },
    users: [{ name: "a", containers: 2, gpuEquivalents: 0.286 }],
  };
  expect(rowOf("QuotaSpec", { spec, status })).toMatchObject({
    Subjects: "default,@lab,a,b and 2 more",
    Containers: "3",
    GPUs: "unlimited",
    Used: "0.286 GPUs, 2 containers",
    Reason: "",
  });
});

test("a reservation shows for whom what is kept when, and how long until then", () => {
  const spec = {
    subjects: { groups: ["course-ml"] },
    gpus: { count: 2 },
    weekly: { days: ["Tuesday", "Thursday"], from: "14:00", to: "16:00", timeZone: "Europe/Berlin" },
  };
  const window = { from: "2026-05-02T09:00:00Z", until: "2026-05-02T11:00:00Z" };
  const status = {
    observedGeneration: 1,
    state: "Coming",
    window,
    windows: [window],
    devices: [{ uuid: "GPU-1", slot: "1" }],
    atRisk: [{ slot: "1", holder: "bob/train", until: null }],
    conditions: [],
    source: { path: "reservations/ml.yaml" },
  };
  const shown = rowOf("ReservationSpec", { spec, status });
  expect(shown).toMatchObject({
    For: "@course-ml",
    Reserved: "2 GPUs",
    When: "Tue,Thu 14:00-16:00 Europe/Berlin",
    State: "Coming",
    Kept: "1",
    Reason: "",
    "At-Risk": "1 bob/train",
  });
  expect(shown["Next"]).toBe("in 21h");
  const open = { ...status, window: { ...window, from: "2026-01-01T00:00:00Z" } };
  expect(rowOf("ReservationSpec", { spec, status: open })["Next"]).toMatch(/ left$/);
});

test("an object without spec or status, as of a file that never parsed, has cells too", () => {
  for (const kind of ["ContainerSpec", "QuotaSpec", "ReservationSpec", "Gpu", "Image"] as const) {
    expect(Object.values(rowOf(kind, {}))).toContain("train");
  }
});
