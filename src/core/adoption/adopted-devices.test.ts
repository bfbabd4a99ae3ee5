import { describe, expect, it } from "vitest";
import { plainSettings } from "../../../test/support/adoptions.ts";
import { desiredContainer } from "../../../test/support/desired-container.ts";
import { containerOf } from "../../../test/support/fake-container.ts";
import { fakeImage } from "../../../test/support/fake-images.ts";
import { device, record, spec, startOfTest, world } from "../../../test/support/world-builder.ts";
import type { GpuClaims, ObservedContainer } from "../observed.ts";
import { situationOf } from "../lifecycle/situation.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { ContainerRecord } from "../record.ts";
import type { Device } from "../schedule/device.ts";
import { withAdoption, type Adoption } from "./adoption.ts";
import { adoptedDevices, type AdoptedDevices } from "./adopted-devices.ts";
import { renumbered } from "./named-devices.ts";

const cards = [device(0), device(1), device(2)];
const slice = (number: number): Device =>
  device(3, { uuid: `MIG-${number}`, slot: `3:${number}`, profile: "2g.20gb", parentUuid: "GPU-3" });
const cut = device(3, { migEnabled: true });

function foreign(claims: Partial<GpuClaims>, labels: Record<string, string> = {}): ObservedContainer {
  const made = containerOf(desiredContainer("llm"), bedImage, "a".repeat(64), startOfTest);
  return { ...made, state: "running", labels, gpuClaims: { all: false, ids: [], ...claims } };
}

const bedImage = fakeImage("bed/base:1");

function devicesOf(
  container: ObservedContainer,
  devices: readonly Device[] = cards,
  drivers: readonly string[] = ["nvidia"],
): AdoptedDevices {
  const stack = { ready: true, message: "fine", devices };
  return adoptedDevices(container, { ...plainSettings, deviceDrivers: drivers }, stack);
}

const uuidsOf = (found: AdoptedDevices): unknown =>
  "refusal" in found ? found.refusal : found.devices.map(({ uuid }) => uuid);

/** With the hash of its own spec, under whatever name it has. */
function matching(container: ObservedContainer, { spec: own }: ContainerRecord): ObservedContainer {
  const hash = own === null ? "" : specHash(own);
  return { ...container, labels: { ...container.labels, "ds01.spec-hash": hash } };
}

describe("the GPUs of a container that is adopted", () => {
  it("are those that Docker was told, by number, UUID or CDI name", () => {
    expect(uuidsOf(devicesOf(foreign({ ids: ["0", "2"] })))).toEqual(["GPU-0", "GPU-2"]);
    expect(uuidsOf(devicesOf(foreign({ ids: ["GPU-1"] })))).toEqual(["GPU-1"]);
    expect(devicesOf(foreign({ ids: ["1"] }))).toMatchObject({ request: { count: 1 }, injection: "hook" });
    expect(devicesOf(foreign({ ids: ["1"] }), cards, ["cdi"])).toMatchObject({ injection: "cdi" });
    expect(devicesOf(foreign({ ids: ["1"] }), cards, [])).toMatchObject({ injection: "runtime" });
  });

  it("are all of the host where it has all, and none where it has none", () => {
    expect(devicesOf(foreign({ all: true }))).toMatchObject({ devices: cards, request: { count: 3 } });
    expect(devicesOf(foreign({}))).toEqual({ devices: [], request: null, injection: "none" });
  });

  it("may be slices of one profile, and not of several, nor a card that is cut", () => {
    const devices = [...cards, cut, slice(0), slice(1)];
    const request = { count: 2, profile: "2g.20gb" };
    expect(devicesOf(foreign({ ids: ["MIG-0", "3:1"] }), devices)).toMatchObject({ request });
    expect(devicesOf(foreign({ ids: ["MIG-0", "0"] }), devices)).toHaveProperty("refusal");
    expect(devicesOf(foreign({ ids: ["3"] }), devices)).toHaveProperty("refusal");
  });

  it("are never guessed: unknown names, a silent GPU stack, labels that say something else", () => {
    expect(uuidsOf(devicesOf(foreign({ ids: ["7"] })))).toContain("called 7");
    const silent = { ready: false, message: "nvidia-smi hangs", devices: cards };
    const asked = adoptedDevices(foreign({ ids: ["0"] }), plainSettings, silent);
    expect(uuidsOf(asked)).toContain("nvidia-smi hangs");
    expect(uuidsOf(devicesOf(foreign({}, { "ds01.gpu.uuids": "GPU-0" })))).toContain("given it none");
    expect(uuidsOf(devicesOf(foreign({ ids: ["0"] }, { "ds01.gpu.uuid": "GPU-1" })))).toContain("GPU-1");
    expect(uuidsOf(devicesOf(foreign({ ids: ["0"] }, { "ds01.gpu.uuid": "GPU-0" })))).toEqual(["GPU-0"]);
  });

  it("must still be called so when it starts again", () => {
    const adoption: Adoption = {
      id: "a".repeat(64),
      namespace: "alice",
      name: "llm",
      uid: "u",
      specHash: "v1:x",
      gpuUuids: ["GPU-0"],
      gpuSlots: ["0"],
      gpuSlices: "",
      at: startOfTest,
      by: "root",
      injection: "hook",
    };
    const running = withAdoption(foreign({ ids: ["0"] }), adoption, "test");
    const stopped: ObservedContainer = { ...running, state: "exited" };
    const swapped = [device(0, { uuid: "GPU-1" }), device(1, { uuid: "GPU-0" })];
    expect(renumbered(stopped, cards)).toBeNull();
    expect(renumbered(stopped, swapped)).toContain("other GPUs");
    expect(renumbered(running, swapped)).toBeNull();
    const own = record({ uid: "u", spec: spec({ gpus: { count: 1 } }) });
    const outdated = (container: ObservedContainer, devices: readonly Device[]): string | null =>
      situationOf(
        world({ record: own, containers: [matching(container, own)], devices }),
        spec({ gpus: { count: 1 } }),
        startOfTest,
      ).outdated;
    expect(outdated(stopped, cards)).toBeNull();
    expect(outdated(stopped, swapped)).toContain("other GPUs");
    expect(outdated(running, swapped)).toBeNull();
    expect(renumbered({ ...stopped, labels: { ...stopped.labels, "ds01.adopted": "" } }, swapped)).toBeNull();
  });
});
