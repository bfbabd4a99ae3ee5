import type { Defect } from "./defect.ts";

/** What must never be done, however things are: without the lock, without knowing, to what is not ours. */
export const safetyDefects: readonly Defect[] = [
  {
    name: "lock-skipped",
    breaks: "the lock is not looked at before something is changed",
    file: "src/controller/while-locked.ts",
    changes: [
      {
        find: "refuseIfLost(lock);",
        replace: "void refuseIfLost;",
      },
    ],
    tests: ["test/while-locked.test.ts"],
  },
  {
    name: "source-away-ignored",
    breaks: "what ends something is not held back while the specs cannot be read",
    file: "src/core/decide.ts",
    changes: [
      {
        find: "if (!world.engineReady || (!world.sourceSynced && steps.some(isFrozen(world)))) return planned.fact;",
        replace: "if (!world.engineReady) return planned.fact;",
      },
    ],
    tests: ["src/core/decide.test.ts"],
  },
  {
    name: "deleted-before-engine-answers",
    breaks: "an object is forgotten while the engine has not said what is left of it",
    file: "src/core/decide.ts",
    changes: [
      {
        find: "gone: world.engineReady && world.sourceSynced && world.containers.length === 0,",
        replace: "gone: world.containers.length === 0,",
      },
    ],
    tests: ["src/core/deletion.test.ts"],
  },
  {
    name: "deleted-before-its-containers",
    breaks: "an object is forgotten before its containers are removed",
    file: "src/core/decide.ts",
    changes: [
      {
        find: "gone: world.engineReady && world.sourceSynced && world.containers.length === 0,",
        replace: "gone: world.engineReady && world.sourceSynced,",
      },
    ],
    tests: ["src/core/deletion.test.ts"],
  },
  {
    name: "no-wait-for-vanished-file",
    breaks: "a file that is gone is not waited for",
    file: "src/controller/prune-desk.ts",
    changes: [{ find: "const candidateMs = 3000;", replace: "const candidateMs = 0;" }],
    tests: [],
  },
  {
    name: "many-vanish-unasked",
    breaks: "half of all objects may vanish at once without being confirmed",
    file: "src/core/prune-guard.ts",
    changes: [
      {
        find: "const maximumShare = 0.2;",
        replace: "const maximumShare = 0.5;",
      },
    ],
    tests: ["src/core/prune-guard.test.ts"],
  },
  {
    name: "whole-directory-believed",
    breaks: "a user's directory that is gone as a whole is believed",
    file: "src/core/prune-guard.ts",
    changes: [
      {
        find: "if (missingDirectories.length > 0)",
        replace: "if (missingDirectories.length < 0)",
      },
    ],
    tests: ["src/core/prune-guard.test.ts"],
  },
  {
    name: "foreign-label-ignored",
    breaks: "a container of another instance counts as ours",
    file: "src/core/managed-containers.ts",
    changes: [{ find: `      container.labels["ds01.instance"] === instance &&\n`, replace: "" }],
    tests: ["src/core/managed-containers.test.ts"],
  },
  {
    name: "second-file-accepted",
    breaks: "an object that stands in two files is taken from one of them",
    file: "src/controller/ingest.ts",
    changes: [
      {
        find: "if (good.length > 1) return this.#reject(identity, before, conflict(identity, files));",
        replace: "",
      },
    ],
    tests: ["test/sources.test.ts"],
  },
  {
    name: "broken-file-takes-effect",
    breaks: "a broken file takes back what the last good one said",
    file: "src/controller/ingest.ts",
    changes: [
      {
        find: "const stored = this.#put({ ...base, rejection, pruneBlocked: null } as StoredRecord);",
        replace:
          "const stored = this.#put({ ...base, spec: null, rejection, pruneBlocked: null } as StoredRecord);",
      },
    ],
    tests: ["test/sources.test.ts"],
  },
  {
    name: "event-believed",
    breaks: "an event counts as what has happened",
    file: "src/controller/runtime-cache.ts",
    changes: [
      {
        find: "this.#stale.mark(hint.id, containerLabels);",
        replace: `const seen = this.#containers.get(hint.id);
    if (seen !== undefined && hint.action === "die")
      return this.#keep({ ...seen, state: "exited", finishedAt: this.#options.clock.now(), exitCode: 0 });
    if (hint.action === "destroy") return this.#drop(hint.id);
    this.#stale.mark(hint.id, containerLabels);`,
      },
    ],
    tests: [],
  },
  {
    name: "late-answer-believed",
    breaks: "an answer that comes late takes the place of a later one",
    file: "src/controller/stale-marks.ts",
    changes: [{ find: "if ((this.#askedAt.get(id) ?? 0) > asked) return false;", replace: "" }],
    tests: ["src/controller/stale-marks.test.ts"],
  },
  {
    name: "renamed-is-gone",
    breaks: "a container that was renamed counts as gone",
    file: "src/controller/runtime-cache.ts",
    changes: [
      {
        find: "if (called === undefined || called.id === idOrName) this.#drop(idOrName);",
        replace: "if (called !== undefined || idOrName !== '') this.#drop(called?.id ?? idOrName);",
      },
    ],
    tests: ["src/controller/runtime-cache.test.ts"],
  },
  {
    name: "missing-from-list-kept",
    breaks: "what a complete list lacks is not looked for",
    file: "src/controller/runtime-cache.ts",
    changes: [{ find: "for (const id of known) if (!present.has(id)) due.add(id);", replace: "" }],
    tests: ["src/controller/runtime-cache.test.ts"],
  },
  {
    name: "removal-untold",
    breaks: "a removal has no event of its own",
    file: "src/controller/reconcilers/container.ts",
    changes: [
      {
        find: "this.#announce(record, stepEvent(step, world));",
        replace: `if (step.do !== "remove") this.#announce(record, stepEvent(step, world));`,
      },
    ],
    tests: [],
  },
  {
    name: "anybody-adopted",
    breaks: "whatever has the name of a container that is to be made is taken for it",
    file: "src/controller/run-step.ts",
    changes: [
      {
        find: "if (same && found.labels[labels.uid] === record.uid) return;",
        replace: "if (same || found.name === wanted.name) return;",
      },
    ],
    tests: ["test/what-a-kill-leaves.test.ts"],
  },
  {
    name: "intent-not-durable",
    breaks: "what a step is for is not on the disk when it is done",
    file: "src/controller/reconcilers/container.ts",
    changes: [
      {
        find: "return intent ? await store.put(next) : store.putSoon(next);",
        replace: "return intent ? store.putSoon(next) : store.putSoon(next);",
      },
    ],
    tests: ["test/what-a-kill-leaves.test.ts"],
  },
  {
    name: "told-again",
    breaks: "after the engine was away everything is told again",
    file: "src/core/announce.ts",
    changes: [{ find: "before.memory.told === fact.reason || ", replace: "" }],
    tests: ["src/core/extra-containers.test.ts"],
  },
  {
    name: "clock-set-back-waited-out",
    breaks: "a clock that is set back is waited for",
    file: "src/core/lifecycle/put-off.ts",
    changes: [
      { find: "if (!isFromAheadOf(seenAt, finishedAt)) return", replace: "if (finishedAt > 0) return" },
    ],
    tests: ["src/core/clock-set-back.test.ts"],
  },
  {
    name: "engine-ahead-taken-for-set-back",
    breaks: "a crash loop has no wait where the engine's clock is ahead",
    file: "src/core/lifecycle/put-off.ts",
    changes: [
      {
        find: "isFromAheadOf(now, since) ? now : seenAt",
        replace: "isFromAheadOf(now, since) || finishedAt > now ? now : seenAt",
      },
    ],
    tests: ["src/core/clock-set-back.test.ts"],
  },
  {
    name: "clock-set-ahead-ends-work",
    breaks: "a clock that is set ahead ends what has time left",
    file: "src/core/container-clock.ts",
    changes: [{ find: "then.boot === now.boot ? now.bootedAt - then.bootedAt : 0", replace: "0" }],
    tests: ["src/core/clock-set.property.test.ts"],
  },
];
