import { parseBytes } from "../../util/quantity.ts";
import { mismatch } from "./allocate.ts";
import { bestCut, type CutCard, freeStarts } from "./cut.ts";
import type { Device } from "./device.ts";
import { compareDevices } from "./device-order.ts";
import type { Waiting } from "./explain.ts";
import type { DeviceRequirement } from "./requirement.ts";

/** How an admin makes room for a request for slices of which there are too few, where a card has some. */
export function describeCut(waiting: Pick<Waiting, "reason" | "demand" | "inventory">): readonly string[] {
  const { demand, inventory } = waiting;
  const { profile } = demand;
  const isFew = waiting.reason === "NoMatchingDevice" || waiting.reason === "WaitingForDevices";
  if (!isFew || profile === null) return [];
  for (const card of inventory.devices.toSorted(compareDevices)) {
    const cut = card.cutting?.profiles.find(({ name }) => name === profile);
    if (card.cutting === undefined || cut === undefined || !isUsable(card, demand)) continue;
    const place = bestCut(card.cutting, profile);
    if (place === null) continue;
    const room = `GPU ${card.slot} has room for one more, which`;
    if (card.cutting.byDs01 === true) return [`${room} ds01 cuts`];
    return [`${room} an admin can cut: nvidia-smi mig -i ${card.slot} -cgi ${cut.id}:${place.start} -C`];
  }
  return [];
}

/** `3g.40gb at 4`, `1g.10gb at 4, 5 or 6`: what else a card could be cut into, largest first. */
export function describeRoom(card: CutCard): readonly string[] {
  return card.profiles
    .toSorted((left, right) => right.size - left.size)
    .flatMap((profile) => {
      const starts = freeStarts(card, profile);
      return starts.length === 0 ? [] : [`${profile.name} at ${starts.join(", ")}`];
    });
}

/** Whether a slice of it would do; its memory is told by its name until it is there. */
function isUsable(card: Device, required: DeviceRequirement): boolean {
  if (!card.healthy || card.cordon !== undefined) return false;
  const nominal = /(\d+)gb/.exec(required.profile ?? "")?.[1] ?? "0";
  const memoryBytes = parseBytes(`${nominal}Gi`) ?? 0;
  const slice = { ...card, profile: required.profile, parentUuid: card.uuid, migEnabled: false, memoryBytes };
  return mismatch(required, slice) === undefined;
}
