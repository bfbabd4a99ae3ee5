import { labels } from "../../api/names.ts";
import { deviceUuidsOf } from "../expiry.ts";
import type { ObservedContainer } from "../observed.ts";
import type { Device } from "./device.ts";
import { coversSame, formatPlacement, parsePlacement, type Placement } from "./placement.ts";

/** A device as a container was given it: what its labels tell, whatever became of it since. */
export interface GivenDevice {
  readonly uuid: string;
  /** What it was called then. */
  readonly slot: string;
  /** Null for a whole GPU, as below. */
  readonly parentUuid: string | null;
  readonly profile: string | null;
  readonly placement?: Placement;
  /** For a time slice: how many containers its GPU was shared by then. */
  readonly replicas?: number;
}

/** A device that is not there any more as it was given. */
export interface GoneDevice extends GivenDevice {
  /** Whether the card was cut otherwise, or the configuration shares it otherwise. */
  readonly cause: "cut" | "shared";
}

/**
 * Text of the label that tells what shape slices had, commas between: `GPU-…/2g.20gb@4:2`, `GPU-…/shared@4` for a time
 * slice, empty for a whole GPU.
 */
export function sliceLabel(devices: readonly Device[]): string {
  const shapes = devices.map(({ profile, parentUuid, placement, sharing }) => {
    const shape = sharing === undefined ? profile : "shared";
    if (shape === null || parentUuid === null) return "";
    const place = sharing?.replicas ?? (placement === undefined ? "" : formatPlacement(placement));
    return `${parentUuid}/${shape}${place === "" ? "" : `@${place}`}`;
  });
  return shapes.every((shape) => shape === "") ? "" : shapes.join(",");
}

/**
 * The devices of a container that are not what it was given: a slice that went away or came again elsewhere, a whole
 * GPU that was cut. Only for an answer of the GPU stack that can be relied on; a card that is missing is not counted.
 */
export function goneDevices(
  container: Pick<ObservedContainer, "labels">,
  devices: readonly Device[],
): readonly GoneDevice[] {
  return givenDevices(container).flatMap((given) => {
    const cause = whyGone(given, devices);
    return cause === null ? [] : [{ ...given, cause }];
  });
}

/** What a process that still lives on the device may be using: what is in its place now. */
export function inPlaceOf(gone: GoneDevice, devices: readonly Device[]): readonly Device[] {
  const card = gone.parentUuid ?? gone.uuid;
  return devices.filter((device) => {
    if (device.uuid === gone.uuid) return true;
    if (device.uuid === card) return !device.migEnabled;
    if (device.parentUuid !== card) return false;
    const [now, then] = [device.placement, gone.placement];
    return now === undefined || then === undefined || coversSame(now, then);
  });
}

/** `slice 0:1 (2g.20gb at 4:2)`. */
export function describeGiven({ slot, profile, placement, replicas }: GivenDevice): string {
  if (replicas !== undefined) return `time slice ${slot}`;
  if (profile === null) return `GPU ${slot}`;
  return `slice ${slot} (${profile}${placement === undefined ? "" : ` at ${formatPlacement(placement)}`})`;
}

/** What happened to devices that are gone, and what follows for who holds them. */
export function describeGone(gone: readonly GoneDevice[]): string {
  const names = gone.map(describeGiven).join(", ");
  if (gone.every(({ cause }) => cause === "shared")) {
    return `${names} ${gone.length === 1 ? "is" : "are"} not given out so any more: the configuration shares GPUs otherwise now`;
  }
  const verb =
    gone.length === 1 ? "is not there any more: its card was" : "are not there any more: their cards were";
  return `${names} ${verb} cut anew from outside ds01`;
}

function givenDevices(container: Pick<ObservedContainer, "labels">): readonly GivenDevice[] {
  const uuids = deviceUuidsOf(container);
  const slots = (container.labels[labels.gpuSlots] ?? "").split(",");
  const shapes = (container.labels[labels.gpuSlices] ?? "").split(",");
  return uuids.map((uuid, place) => {
    const slot = slots[place] ?? "?";
    const shape = /^([^/]*)\/([^@]+)(?:@(.+))?$/.exec(shapes[place] ?? "");
    if (shape === null) return { uuid, slot, parentUuid: null, profile: null };
    const [, parentUuid = "", profile = "", written = ""] = shape;
    if (profile === "shared") return { uuid, slot, parentUuid, profile: null, replicas: Number(written) };
    const placement = parsePlacement(written);
    return { uuid, slot, parentUuid, profile, ...(placement === undefined ? {} : { placement }) };
  });
}

function whyGone(given: GivenDevice, devices: readonly Device[]): GoneDevice["cause"] | null {
  const found = devices.find(({ uuid }) => uuid === given.uuid);
  if (found === undefined) {
    const isCardThere = devices.some(({ uuid, healthy }) => uuid === given.parentUuid && healthy);
    if (!isCardThere) return null;
    return given.replicas === undefined ? "cut" : "shared";
  }
  if (given.replicas !== undefined) return found.sharing?.replicas === given.replicas ? null : "shared";
  if (given.profile === null) {
    // A slice whose label is older than this rule shows nothing.
    if (found.profile !== null) return null;
    return found.migEnabled ? "cut" : found.sharing === undefined ? null : "shared";
  }
  return isSameSlice(given, found) ? null : "cut";
}

function isSameSlice(given: GivenDevice, found: Device): boolean {
  if (found.profile !== given.profile || found.parentUuid !== given.parentUuid) return false;
  const [now, then] = [found.placement, given.placement];
  return now === undefined || then === undefined || formatPlacement(now) === formatPlacement(then);
}
