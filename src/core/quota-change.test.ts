import { describe, expect, test } from "vitest";
import type { QuotaPreview } from "../api/quota-preview.ts";
import { declare, declared, play, pureHost, runs } from "../../test/support/play-host.ts";
import { recordOf, viewOf, worldOf, type PureHost } from "../../test/support/pure-host.ts";
import { admittedQuota } from "../../test/support/quotas.ts";
import { startOfTest } from "../../test/support/world-builder.ts";
import { situationOf } from "./lifecycle/situation.ts";
import type { Admission } from "./quota/admit.ts";
import { quotaChange } from "./quota-change.ts";

type Quotas = PureHost["quotas"];

const everybody = (spec: object): Quotas => [
  admittedQuota("students", { subjects: { default: true }, ...spec }, { "spec.gpus.nominal": 6 }),
];

/** What these quotas would change in the place of those of the host. */
function under(host: PureHost, quotas: Quotas): QuotaPreview {
  const then = { ...host, quotas };
  return quotaChange({
    records: host.records,
    before: viewOf(host),
    after: viewOf(then),
    admissions: new Map(
      host.records.map(({ uid }) => [uid, { before: admission(host, uid), after: admission(then, uid) }]),
    ),
  });
}

function admission(host: PureHost, uid: string): Admission {
  const { spec } = recordOf(host, uid);
  if (spec === null) throw new TypeError("a test without a spec");
  return situationOf(worldOf(host, uid), spec, host.now).admission;
}

const three = (quotas: Quotas, gpus = 4): PureHost =>
  play(
    declare(
      pureHost(gpus, { quotas }),
      declared("alice", "one", startOfTest),
      declared("alice", "two", startOfTest + 1),
      declared("bob", "one", startOfTest + 2),
    ),
    5,
  );

describe("other quotas", () => {
  test("that change nothing for anybody affect nobody", () => {
    const host = three(everybody({ gpus: { nominal: 2 }, maxContainers: 2 }));
    expect(under(host, everybody({ gpus: { nominal: 3 }, maxContainers: 5 }))).toEqual({
      over: [],
      objects: [],
    });
  });

  test("put users over their quota, by so much and with these objects, and stop nobody", () => {
    const host = three(everybody({ gpus: { nominal: 2 } }));
    const lower = everybody({ gpus: { nominal: 1 }, maxContainers: 1 });
    const { over, objects } = under(host, lower);
    const alice = [
      { name: "alice/one", amount: 1 },
      { name: "alice/two", amount: 1 },
    ];
    expect(over).toEqual([
      {
        user: "alice",
        limit: "containers",
        used: 2,
        allowed: 1,
        over: 1,
        quota: "students",
        place: "quotas/students.yaml",
        objects: alice,
      },
      {
        user: "alice",
        limit: "gpuEquivalents",
        used: 2,
        allowed: 1,
        over: 1,
        quota: "students",
        place: "quotas/students.yaml:6",
        objects: alice,
      },
    ]);
    expect(objects).toMatchObject([{ name: "alice/two", outcome: "borrows", running: true, user: "alice" }]);
    const later = play({ ...host, quotas: lower }, 200);
    expect(runs(later)).toEqual(runs(host));
    expect(recordOf(later, "uid-alice-two").status).toMatchObject({ phase: "Running", borrowing: true });
  });

  test("say no word of who is over quota already, by no more than that", () => {
    const high = everybody({ gpus: { nominal: 2 } });
    const host = { ...three(high), quotas: everybody({ gpus: { nominal: 1 } }) };
    expect(under(host, everybody({ gpus: { nominal: 1 }, priority: 10 }))).toEqual({ over: [], objects: [] });
    expect(under(host, everybody({ gpus: { nominal: 0 } })).over).toMatchObject([
      { user: "alice", over: 2 },
      { user: "bob", over: 1 },
    ]);
  });

  test("queue what waits for a device now", () => {
    const host = play(
      declare(
        pureHost(1, { quotas: everybody({ gpus: { nominal: 2 } }) }),
        declared("alice", "holds", startOfTest),
        declared("alice", "waits", startOfTest + 1),
      ),
      5,
    );
    expect(recordOf(host, "uid-alice-waits").status.reason).toBe("WaitingForDevices");
    const { over, objects } = under(host, everybody({ gpus: { nominal: 1 } }));
    expect(over).toEqual([]);
    expect(objects).toMatchObject([
      { name: "alice/waits", outcome: "queued", running: false, reason: "WaitingForQuota" },
    ]);
  });

  test("refuse what waits, and what runs only when it is to start again", () => {
    const host = play(
      declare(
        pureHost(1, { quotas: everybody({ gpus: { nominal: 2 } }) }),
        declared("bob", "holds", startOfTest),
        declared("alice", "waits", startOfTest + 1),
      ),
      5,
    );
    const slices = everybody({ gpus: { nominal: 2, allowFullGpu: false } });
    expect(under(host, slices).objects).toMatchObject([
      { name: "alice/waits", outcome: "refused", running: false, reason: "FullGpuNotAllowed" },
      { name: "bob/holds", outcome: "refused", running: true, reason: "FullGpuNotAllowed" },
    ]);
    const later = play({ ...host, quotas: slices }, 200);
    expect(runs(later)).toEqual(["bob/holds"]);
    expect(recordOf(later, "uid-alice-waits").status.reason).toBe("FullGpuNotAllowed");
  });

  test("queue what would be one container too many", () => {
    const host = three(everybody({}));
    const more = declare(host, declared("alice", "three", host.now, { gpus: undefined }));
    const { objects } = under(more, everybody({ maxContainers: 2 }));
    expect(objects).toMatchObject([{ name: "alice/three", outcome: "queued", reason: "WaitingForQuota" }]);
    expect(objects[0]?.message).toContain('quota "students" allows 2');
  });

  test("queue what could borrow until another keeps to himself what he does not use", () => {
    const user = (name: string, gpus: object): Quotas[number] =>
      admittedQuota(name, { subjects: { users: [name] }, gpus: { nominal: 1, ...gpus } });
    const alice = user("alice", { borrowingLimit: 1 });
    const host = declare(
      play(
        declare(pureHost(2, { quotas: [alice, user("bob", {})] }), declared("alice", "one", startOfTest)),
        5,
      ),
      declared("alice", "two", startOfTest + 9000),
    );
    const { over, objects } = under(host, [alice, user("bob", { lendingLimit: 0 })]);
    expect(over).toEqual([]);
    expect(objects).toMatchObject([{ name: "alice/two", outcome: "queued", reason: "WaitingForCohort" }]);
  });

  test("tell who is asked for borrowed GPUs at once", () => {
    const user = (name: string, nominal: number): Quotas[number] =>
      admittedQuota(name, { subjects: { users: [name] }, gpus: { nominal } });
    const start = declare(
      pureHost(2, { quotas: [user("alice", 2), user("bob", 1)] }),
      declared("alice", "one", startOfTest),
      declared("alice", "two", startOfTest + 1),
    );
    const alone = play(start, 5);
    const host = play(declare(alone, declared("bob", "waits", alone.now)), 120);
    expect(runs(host)).toEqual(["alice/one", "alice/two"]);
    const { objects } = under(host, [user("alice", 1), user("bob", 1)]);
    expect(objects).toMatchObject([{ name: "alice/two", outcome: "borrows", running: true }]);
    expect(objects[0]?.message).toMatch(/asked for already by somebody within quota: .* gives way at 2026-/);
    const later = play({ ...host, quotas: [user("alice", 1), user("bob", 1)] }, 60);
    expect(runs(later)).toEqual(["alice/one", "bob/waits"]);
  });
});
