import type { Defect } from "./defect.ts";

/** What becomes of one object: the machine, its memory, and when it is looked at again. */
export const lifecycleDefects: readonly Defect[] = [
  {
    name: "wrong-guard-in-machine",
    breaks: "a replacement that fails takes over in place of being rolled back",
    file: "src/core/lifecycle/machine.ts",
    changes: [
      {
        find: `"replacement.failed": to("Degraded", "rollBack"),`,
        replace: `"replacement.failed": to("Degraded", "finishReplacement"),`,
      },
    ],
    tests: ["src/core/lifecycle/machine.test.ts", "src/core/decide.test.ts"],
  },
  {
    name: "no-requeue-after-steps",
    breaks: "an object is not looked at again after its steps",
    file: "src/controller/reconcilers/look-again.ts",
    changes: [{ find: "if (decision.steps.length > 0) return { requeue: true };", replace: "" }],
    tests: ["src/controller/reconcilers/look-again.test.ts"],
  },
  {
    name: "no-requeue-at-deadline",
    breaks: "nobody looks when a deadline has come",
    file: "src/controller/controller.ts",
    changes: [
      {
        find: "if (result.requeueAt !== undefined) queue.addAt(key, result.requeueAt);",
        replace: "",
      },
    ],
    tests: [],
  },
  {
    name: "no-requeue-after-fault",
    breaks: "what has failed is not tried again",
    file: "src/controller/controller.ts",
    changes: [{ find: "queue.addAt(key, clock.now() + faultDelayMs(count));", replace: "" }],
    tests: [],
  },
  {
    name: "add-during-run-lost",
    breaks: "what happens while an object is worked on is not looked at",
    file: "src/controller/workqueue.ts",
    changes: [{ find: "if (this.#dirty.has(key)) this.#push(key);", replace: "this.#dirty.delete(key);" }],
    tests: ["test/workqueue.test.ts"],
  },
  {
    name: "removal-order",
    breaks: "the new container is given the name before the old one is removed",
    file: "src/core/plan/plan.ts",
    changes: [
      {
        find: '      { do: "remove", id: primary.id, name: primary.name, cause: `replaced: ${message}` },\n',
        replace: "",
      },
      {
        find: "        cause: `replaces the old one: ${message}`,\n      },\n",
        replace:
          '        cause: `replaces the old one: ${message}`,\n      },\n      { do: "remove", id: primary.id, name: primary.name, cause: `replaced: ${message}` },\n',
      },
    ],
    tests: ["src/core/decide.test.ts"],
  },
  {
    name: "restart-backoff-flat",
    breaks: "the time between restarts does not grow",
    file: "src/util/backoff.ts",
    changes: [
      {
        find: "restartBackoff.initialMs * 2 ** Math.min(attempts - 1, 30)",
        replace: "restartBackoff.initialMs",
      },
    ],
    tests: ["src/util/backoff.test.ts"],
  },
  {
    name: "fault-backoff-flat",
    breaks: "the time between tries of what fails does not grow",
    file: "src/util/backoff.ts",
    changes: [
      {
        find: "baseMs * 2 ** Math.min(Math.max(0, failures - 1), 30)",
        replace: "baseMs",
      },
    ],
    tests: ["src/util/backoff.test.ts"],
  },
  {
    name: "restart-count-reset",
    breaks: "each restart counts as the first",
    file: "src/core/lifecycle/remember.ts",
    changes: [
      {
        find: "return { ...total, attempts: attempts + 1, restarts: memory.restarts + 1, ...retried(situation) };",
        replace: "return { ...total, attempts: 1, restarts: 1, ...retried(situation) };",
      },
    ],
    tests: ["src/core/restart-attempts.test.ts", "src/core/decide.test.ts"],
  },
  {
    name: "backoff-limit-off-by-one",
    breaks: "a job is tried once more than its backoffLimit says",
    file: "src/core/lifecycle/job-end.ts",
    changes: [
      {
        find: "if (retries < backoffLimit) return null;",
        replace: "if (retries <= backoffLimit) return null;",
      },
    ],
    tests: ["src/core/backoff-limit.test.ts"],
  },
  {
    name: "runtime-from-creation",
    breaks: "maxRuntime counts from when the container was made",
    file: "src/core/expiry.ts",
    changes: [
      {
        find: "return startedAt + Math.max(0, maxRuntimeMs - memory.ranMs);",
        replace: "return container.createdAt + Math.max(0, maxRuntimeMs - memory.ranMs);",
      },
    ],
    tests: ["src/core/max-runtime.test.ts"],
  },
  {
    name: "runtime-forgotten-at-restart",
    breaks: "what a run has used of its maxRuntime is forgotten at a restart",
    file: "src/core/lifecycle/remember.ts",
    changes: [
      {
        find: "const total = { ...begun, ranMs: memory.ranMs + ranMs };",
        replace: "const total = { ...begun, ranMs: memory.ranMs + 0 * ranMs };",
      },
    ],
    tests: ["src/core/max-runtime.test.ts"],
  },
  {
    name: "hash-ignores-field",
    breaks: "an edit of the environment is no other configuration",
    file: "src/core/plan/spec-hash.ts",
    changes: [
      {
        find: "if (securityFields.includes(field)) continue;",
        replace: `if (field === "env" || securityFields.includes(field)) continue;`,
      },
    ],
    tests: ["src/core/plan/spec-hash.test.ts"],
  },
  {
    name: "rolled-back-tried-again",
    breaks: "what was rolled back is tried again at once",
    file: "src/core/lifecycle/situation.ts",
    changes: [
      {
        find: "return memory.rolledBack?.specHash === hash;",
        replace: "return memory.rolledBack?.specHash === undefined && hash === '';",
      },
    ],
    tests: ["src/core/recovery.test.ts", "src/core/decide.test.ts"],
  },
];
