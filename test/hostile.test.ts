import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveQuota } from "../src/core/quota/resolve.ts";
import { violations } from "../src/core/quota/violations.ts";
import type { ContainerRecord } from "../src/core/record.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";
import { hostileQuotas, hostileSpecs, type HostileSpec } from "./support/hostile-specs.ts";

const specs = hostileSpecs();

/** Links of the host, as a user could make them. */
const links: readonly (readonly [string, string])[] = [
  ["/home/alice/escape", "/etc"],
  ["/home/alice/up", "/"],
  ["/home/alice/engine", "/run/docker.sock"],
  ["/home/alice/shared-link", "/data/shared/set"],
  ["/home/mallory/state-link", "/var/lib/ds01"],
  ["/home/mallory/gpu-link", "/dev/nvidia0"],
];

describe("hostile specs", () => {
  const bed = new ControllerBed();

  beforeAll(async () => {
    bed.provider.answer = () => inventory([gpu(0), gpu(1)]);
    for (const user of ["mallory", "eve"]) bed.identity.add(user, 1100 + user.length);
    for (const [link, target] of links) bed.links.set(link, target);
    bed.source.write("quotas/hostile.yaml", hostileQuotas());
    for (const { name, user, text } of specs) bed.source.write(`users/${user}/${name}.yaml`, text);
    bed.declare("alice", "good");
    bed.start();
    await bed.until("the good one to run", () => bed.phase("alice/good") === "Running", 60_000);
    await bed.until(
      "all to be judged",
      () =>
        bed.store
          .list("ContainerSpec")
          .every(({ status }) => status.observedGeneration > 0 || status.phase === "Failed"),
      20_000,
    );
    await bed.pass(3000);
  });

  afterAll(async () => bed.stop());

  /** Under its own name, or what the file name suggests. */
  function recordOf({ name, user }: HostileSpec): ContainerRecord | undefined {
    const records = bed.store.list("ContainerSpec");
    return records.find(({ source, rejection }) =>
      [source.path, rejection?.path].includes(`users/${user}/${name}.yaml`),
    );
  }

  function fieldsOf(record: ContainerRecord): readonly string[] {
    if (record.rejection !== null) return record.rejection.problems.map(({ field }) => field);
    if (record.spec === null) return [];
    const { namespace, spec } = record;
    const paths = [
      ...(spec.volumes ?? []).flatMap(({ hostPath }) => hostPath?.path ?? []),
      ...(spec.devices ?? []).map(({ hostPath }) => hostPath),
    ];
    const realPaths = new Map(paths.map((path) => [path, bed.realPath(path)]));
    const facts = { object: "", devices: [], realPaths, protectedPaths: bed.protectedPaths };
    return violations(spec, resolveQuota(namespace, [], bed.store.list("QuotaSpec")), facts).map(
      ({ field }) => field,
    );
  }

  test("are at least a hundred, of every kind", () => {
    expect(specs.length).toBeGreaterThan(100);
    expect(new Set(specs.map(({ reason }) => reason)).size).toBeGreaterThan(12);
  });

  test.each(specs)("$name is refused: $reason $field", (one) => {
    const record = recordOf(one);
    expect(record?.status.reason, `${one.text}\n${record?.status.message}`).toBe(one.reason);
    expect(record?.status.message).toMatch(/\S/);
    const fields = record === undefined ? [] : fieldsOf(record);
    if (one.field !== "*")
      expect(fields, record?.status.message).toContain(one.field === "-" ? "" : one.field);
    expect(record?.namespace).toBe(one.user);
  });

  test("make no container, and keep nobody else from theirs", () => {
    expect(bed.runtime.containers.map(({ name }) => name)).toEqual(["good._.alice"]);
    expect(bed.store.list("QuotaSpec").map(({ name }) => name)).toEqual(["everybody", "few-images", "wide"]);
  });

  test("are told with the line of the quota that forbids", () => {
    const ports = specs.find(({ reason, user }) => reason === "HostPortDenied" && user === "mallory");
    expect(ports === undefined ? "" : recordOf(ports)?.status.message).toMatch(/quotas\/hostile\.yaml:\d+/);
  });
});
