import { describe, expect, it } from "vitest";
import { after, changed, ended, running } from "../../../test/support/one-object.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { record, spec, startOfTest as now, world } from "../../../test/support/world-builder.ts";
import type { BlockIo } from "../../api/block-io.ts";
import { ContainerSpecSpec } from "../../api/container.ts";
import { decide } from "../decide.ts";
import type { World } from "../world.ts";
import { limitedDisks, ioRateText, withoutMissingDisks } from "./block-io.ts";
import { effectiveLimits } from "./effective.ts";
import { resolveQuota } from "./resolve.ts";
import { violations } from "./violations.ts";

const minute = 60_000;
const mi = 1024 ** 2;
const reads = (rate: string, path = "/dev/sda"): BlockIo => ({
  devices: [{ path, readBytesPerSecond: rate }],
});

function quota(usual: BlockIo, most: BlockIo = {}) {
  const perContainer = { default: { io: usual }, max: { io: most } };
  return resolveQuota("alice", [], [admittedQuota("q", { subjects: { default: true }, perContainer })]);
}

const io = (written: BlockIo, usual: BlockIo, most: BlockIo) =>
  effectiveLimits(spec({ resources: { io: written } }), quota(usual, most), () => "").io;

describe("use of disks", () => {
  it.each<[BlockIo, BlockIo, BlockIo, string]>([
    [{}, {}, {}, ""],
    [reads("5Mi"), reads("3Mi"), reads("9Mi"), "spec /dev/sda readBytesPerSecond 5Mi"],
    [{}, reads("3Mi"), reads("9Mi"), "quota /dev/sda readBytesPerSecond 3Mi"],
    [{}, reads("30Mi"), reads("9Mi"), "quota /dev/sda readBytesPerSecond 9Mi"],
    [
      { devices: [{ path: "/dev/sda", writeOperationsPerSecond: 7 }] },
      {},
      reads("9Mi"),
      "spec /dev/sda writeOperationsPerSecond 7, quota /dev/sda readBytesPerSecond 9Mi",
    ],
    // Under another name of the disk: the engine keeps to the last one.
    [
      reads("90Mi", "/dev/disk/by-id/a"),
      {},
      reads("9Mi", "/dev/aaa"),
      "spec /dev/disk/by-id/a readBytesPerSecond 90Mi, quota /dev/aaa readBytesPerSecond 9Mi",
    ],
  ])("written %j, default %j, max %j: %s", (written, usual, most, expected) => {
    const { rates } = io(written, usual, most);
    expect(rates.map((rate) => `${rate.origin.from} ${ioRateText(rate)}`).join(", ")).toBe(expected);
  });

  it.each<[BlockIo, BlockIo, BlockIo, number | null]>([
    [{}, {}, {}, null],
    [{ weight: 50 }, { weight: 60 }, { weight: 70 }, 50],
    [{}, { weight: 60 }, {}, 60],
    [{}, { weight: 80 }, { weight: 70 }, 70],
    [{}, {}, { weight: 70 }, 70],
  ])("weight written %j, default %j, max %j: %s", (written, usual, most, expected) => {
    expect(io(written, usual, most).weight.value).toBe(expected);
  });

  it("must be refused above the quota's", () => {
    const asked = spec({ resources: { io: { weight: 500, ...reads("11Mi") } } });
    const bounds = quota({}, { weight: 100, ...reads("10Mi") });
    const found = violations(asked, bounds, { object: "alice/train", devices: [], realPaths: new Map() });
    expect(found.map(({ message }) => message)).toEqual([
      'alice/train asks for an I/O weight of 500; quota "q" allows 100 in one container (quotas/q.yaml): lower spec.resources.io.weight or ask an admin',
      'alice/train asks for /dev/sda readBytesPerSecond 11Mi; quota "q" allows 10Mi in one container (quotas/q.yaml): lower spec.resources.io.devices[0].readBytesPerSecond or ask an admin',
    ]);
    expect(
      violations(
        asked,
        { ...quota({}), cannotLimit: ["io.weight", "io.devices"] },
        {
          object: "alice/train",
          devices: [],
          realPaths: new Map(),
        },
      ).map(({ reason, field }) => [reason, field]),
    ).toEqual([
      ["LimitNotSupported", "spec.resources.io.weight"],
      ["LimitNotSupported", "spec.resources.io.devices"],
    ]);
  });

  it.each([
    ["a device twice", { devices: [...reads("1Mi").devices!, ...reads("2Mi").devices!] }],
    ["a device without a limit", { devices: [{ path: "/dev/sda" }] }],
    ["a path that leads elsewhere", reads("1Mi", "/dev/../etc/passwd")],
    ["a path outside /dev", reads("1Mi", "/srv/disk")],
    ["a rate of 0", reads("0")],
    ["a weight that Docker does not take", { weight: 1001 }],
  ])("must not be written with %s", (_what, written) => {
    expect(ContainerSpecSpec.safeParse({ image: "a", resources: { io: written } }).success).toBe(false);
  });

  it("must wait for a disk that a spec limits, and limit nothing where a quota names one that is not here", () => {
    const isMissing = (path: string): boolean => path === "/dev/sda";
    const both = { devices: [...reads("3Mi").devices!, ...reads("4Mi", "/dev/sdb").devices!] };
    const here = withoutMissingDisks(quota(both, reads("9Mi")), isMissing);
    expect(effectiveLimits(spec(), here, () => "").io.rates.map(ioRateText)).toEqual([
      "/dev/sdb readBytesPerSecond 4Mi",
    ]);
    expect(limitedDisks(quota(both, reads("9Mi")))).toEqual(["/dev/sda", "/dev/sdb"]);
    const own = quota({});
    expect(withoutMissingDisks(own, isMissing)).toBe(own);
    const hostPaths = new Map([["/dev/sda", { realPath: "/dev/sda", kind: "Missing" }]] as const);
    const start = world({ record: record({ spec: spec({ resources: { io: reads("1Mi") } }) }), hostPaths });
    const { steps, status } = decide(start, now);
    expect(steps).toEqual([]);
    expect(status).toMatchObject({
      reason: "DiskMissing",
      message: expect.stringContaining("/dev/sda; it does not exist on this host") as string,
    });
  });

  it("must change its weight in place, and its rates at the next start", () => {
    const start: World = { ...running(), quota: quota({ weight: 50, ...reads("3Mi") }) };
    const told = decide(start, now + minute);
    expect(told.steps).toMatchObject([{ do: "update", limits: { ioWeight: 50 } }]);
    expect(told.status.pendingLimits).toEqual([
      { name: "io /dev/sda readBytesPerSecond", value: "unlimited", wanted: "3Mi" },
    ]);
    const weighed = after(1, start, now + minute);
    const { steps } = decide(changed(weighed, ended(now + minute)), now + minute);
    expect(steps).toMatchObject([
      {
        do: "create",
        container: {
          ioWeight: 50,
          ioRates: [{ path: "/dev/sda", name: "readBytesPerSecond", perSecond: 3 * mi }],
        },
      },
    ]);
  });

  it("must be left out, and pending for nobody, where the engine cannot limit it", () => {
    const limited = quota({ weight: 50, ...reads("3Mi") });
    const start: World = { ...running(), quota: { ...limited, cannotLimit: ["io.weight", "io.devices"] } };
    const told = decide(start, now + minute);
    expect(told.steps).toEqual([]);
    expect(told.status.pendingLimits).toBeUndefined();
  });
});
