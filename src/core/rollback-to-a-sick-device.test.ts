import { expect, test } from "vitest";
import { declare, declared, play, pureHost } from "../../test/support/play-host.ts";
import { recordOf, type PureHost } from "../../test/support/pure-host.ts";
import { spec } from "../../test/support/world-builder.ts";
import { isReplacementName } from "./plan/container-name.ts";
import { healthy } from "./health/device-health.ts";
import type { Device } from "./schedule/device.ts";

const start = 1_795_435_200_000;
const uid = "uid-alice-a";

/** The owner's edit, tried in a new container on the only GPU. */
function trying(): PureHost {
  const begun = play(declare(pureHost(1), declared("alice", "a", start)), 5);
  const wanted = spec({ gpus: { count: 1 }, stopGracePeriod: "5s", image: "bed/broken:1" });
  const edited = { ...begun, records: begun.records.map((one) => ({ ...one, generation: 2, spec: wanted })) };
  return play(edited, 3);
}

/** The new container crashes. */
function crashed(host: PureHost): PureHost {
  const containers = host.containers.map((one) =>
    isReplacementName(one.name)
      ? { ...one, state: "exited" as const, exitCode: 1, finishedAt: host.now, pid: null }
      : one,
  );
  return { ...host, containers };
}

function withDevices(host: PureHost, change: Partial<Device>): PureHost {
  const devices = host.inventory.devices.map((device) => ({ ...device, ...change }));
  return { ...host, inventory: { ...host.inventory, devices } };
}

const suspect = { ...healthy(start), state: "Suspect" } as const;

test.each<[string, Partial<Device>, Partial<Device>]>([
  [
    "suspect",
    { healthy: false, unhealthyReason: "Xid 48", health: suspect },
    { healthy: true, unhealthyReason: null, health: healthy(start) },
  ],
  ["cordoned", { cordon: { uuid: "GPU-0", by: "root", reason: "looked at", at: start } }, {}],
])(
  "a new container that fails while the only GPU is %s does not cost the old one, which runs again on it afterwards",
  (_what, bad, good) => {
    const during = play(withDevices(crashed(trying()), bad), 60);
    expect(during.containers).toMatchObject([
      { name: "a._.alice", state: "exited", config: { image: "bed/base:1" } },
    ]);
    const { cordon: _cordon, ...device } = during.inventory.devices[0] as Device;
    const mended = { ...during, inventory: { ...during.inventory, devices: [device] } };
    const after = play(withDevices(mended, good), 10);
    expect(after.containers).toMatchObject([
      { name: "a._.alice", state: "running", config: { image: "bed/base:1" } },
    ]);
    expect(recordOf(after, uid).status).toMatchObject({ phase: "Degraded", reason: "RollbackPerformed" });
  },
);
