import type { Defect } from "./defect.ts";

/** Who gets devices, for how long, and from whom. */
export const schedulingDefects: readonly Defect[] = [
  {
    name: "no-reservation",
    breaks: "a device that is promised is promised to others too",
    file: "src/controller/reconcilers/container.ts",
    changes: [
      {
        find: "if (decision.reserve !== null) host.reserve(latest.uid, decision.reserve);",
        replace: "",
      },
    ],
    tests: [],
  },
  {
    name: "quota-greater-or-equal",
    breaks: "who asks for exactly what the quota allows gets nothing",
    file: "src/core/quota/gpu-equivalents.ts",
    changes: [
      { find: "return wanted <= allowed + tolerance;", replace: "return wanted < allowed - tolerance;" },
    ],
    tests: ["src/core/quota/gpu-equivalents.test.ts"],
  },
  {
    name: "quota-one-more",
    breaks: "a user may have one container more than the quota allows",
    file: "src/core/quota/admit.ts",
    changes: [
      {
        find: "world.othersUsage.containers < most.value) return null;",
        replace: "world.othersUsage.containers <= most.value) return null;",
      },
    ],
    tests: ["src/core/quota/admit.test.ts"],
  },
  {
    name: "gpu-quota-ignored",
    breaks: "GPUs that were given in this moment do not count against the quota",
    file: "src/core/schedule/quota-book.ts",
    changes: [
      {
        find: "return quotaLeft === null ? null : quotaLeft - this.spent(namespace);",
        replace: "return quotaLeft === null ? null : quotaLeft - 0 * this.spent(namespace);",
      },
    ],
    tests: ["src/core/schedule/queue.test.ts"],
  },
  {
    name: "released-at-stop",
    breaks: "a GPU is given back at the stop",
    file: "src/core/schedule/claims.ts",
    changes: [{ find: `  return held("holdGpuAfterStop", until ?? null);`, replace: `  return null;` }],
    tests: ["src/core/schedule/claims.test.ts", "src/core/decide.test.ts"],
  },
  {
    name: "hold-off-by-one",
    breaks: "a hold is not over when its time has come, but a moment later",
    file: "src/core/schedule/claims.ts",
    changes: [
      {
        find: "if (until != null && until <= now) return null;",
        replace: "if (until != null && until < now) return null;",
      },
    ],
    tests: ["src/core/schedule/claims.test.ts"],
  },
  {
    name: "hold-ends-early",
    breaks: "a hold ends a second before its time",
    file: "src/core/expiry.ts",
    changes: [
      {
        find: "return holdMs === null ? null : finishedAt + holdMs;",
        replace: "return holdMs === null ? null : finishedAt + holdMs - 1000;",
      },
    ],
    tests: ["src/core/decide.test.ts"],
  },
  {
    name: "hold-lost-at-restart",
    breaks: "what was stopped before a restart of the controller counts as stopped long ago",
    file: "src/controller/runtime-cache.ts",
    changes: [
      {
        find: "    if (sameValue(before, observed)) return;\n",
        replace: `    if (sameValue(before, observed)) return;
    if (before === undefined && observed.finishedAt !== null) {
      this.#containers.set(observed.id, { ...observed, finishedAt: 1 });
      return this.#changed();
    }
`,
      },
    ],
    tests: [],
  },
  {
    name: "preempts-within-quota",
    breaks: "work within its quota that is not preemptible gives way",
    file: "src/core/schedule/preemption.ts",
    changes: [
      {
        find: "return tenant.preemptible && tenant.priority < priority",
        replace: "return tenant.priority < priority",
      },
    ],
    tests: ["src/core/schedule/preemption.test.ts"],
  },
  {
    name: "preempts-equals",
    breaks: "work of the same priority gives way",
    file: "src/core/schedule/preemption.ts",
    changes: [
      {
        find: "return tenant.preemptible && tenant.priority < priority",
        replace: "return tenant.preemptible && tenant.priority <= priority",
      },
    ],
    tests: ["src/core/schedule/preemption.test.ts"],
  },
  {
    name: "slice-conflict-ignored",
    breaks: "a card is free while a slice of it is held, and a slice while its card is",
    file: "src/core/schedule/allocate.ts",
    changes: [
      { find: "if (related === undefined) return own;", replace: "if (related !== null) return own;" },
    ],
    tests: ["src/core/schedule/allocate.test.ts"],
  },
  {
    name: "slices-of-held-card",
    breaks: "who holds a card does not hold its slices",
    file: "src/core/schedule/ledger.ts",
    changes: [
      {
        find: "if (device.parentUuid === lease.deviceUuid) this.hold({ ...lease, deviceUuid: device.uuid });",
        replace: "",
      },
    ],
    tests: ["src/core/schedule/ledger.test.ts"],
  },
  {
    name: "sick-given",
    breaks: "a GPU that is not well is given away",
    file: "src/core/schedule/allocate.ts",
    changes: [
      { find: `if (!device.healthy) return { device, clause: "Unhealthy", leases: [] };`, replace: "" },
    ],
    tests: ["src/core/schedule/allocate.test.ts"],
  },
  {
    name: "reservation-ignored",
    breaks: "what is stopped starts again on a GPU that is reserved for others",
    file: "src/core/reservation/reserved-restart.ts",
    changes: [
      { find: "if (calendar.isEmpty || containers.length === 0", replace: "if (containers.length >= 0" },
    ],
    tests: ["src/core/reservation/reservations.test.ts"],
  },
];
