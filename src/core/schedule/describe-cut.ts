import { bestCut, type CutCard, freeStarts } from "./cut.ts";
import { fittingProfiles, openCardOf } from "./cuttable.ts";
import type { Device } from "./device.ts";
import { compareDevices } from "./device-order.ts";
import type { Waiting } from "./explain.ts";
import { nextRecut } from "./recut.ts";

const reasons: readonly Waiting["reason"][] = [
  "NoMatchingDevice",
  "WaitingForDevices",
  "WaitingForQuota",
  "ReservedForOthers",
];

/** Who makes room for a request that would do with slices, and where: ds01 itself where it may, else an admin. */
export function describeCut(
  waiting: Pick<Waiting, "reason" | "demand" | "inventory" | "leases" | "quotaLeft">,
): readonly string[] {
  if (!reasons.includes(waiting.reason)) return [];
  const cards = waiting.inventory.devices
    .filter(({ healthy, cordon, cutting }) => healthy && cordon === undefined && cutting !== undefined)
    .toSorted(compareDevices);
  const own = cards.filter((card) => openCardOf(card) !== undefined);
  if (own.length > 0) return cutByDs01(waiting, own);
  return waiting.reason === "WaitingForQuota" ? [] : cutByAdmin(waiting, cards);
}

function cutByDs01(
  { demand, quotaLeft, inventory, leases, reason }: Parameters<typeof describeCut>[0],
  cards: readonly Device[],
): readonly string[] {
  const recut = nextRecut({ wanted: [{ demand, quotaLeft }], devices: inventory.devices, leases, own: [] });
  if (recut?.do === "create")
    return [`ds01 cuts a slice ${recut.profile.name} of GPU ${recut.card.slot} for it.`];
  if (reason !== "WaitingForDevices") return [];
  const names = new Set(
    cards.flatMap((card) => {
      const open = openCardOf(card);
      return open === undefined
        ? []
        : fittingProfiles(demand, open, inventory.devices).map(({ name }) => name);
    }),
  );
  if (names.size === 0) return [];
  return [`No card that ds01 may cut has room for it now (${[...names].join(", ")}).`];
}

function cutByAdmin(
  { demand, inventory }: Pick<Waiting, "demand" | "inventory">,
  cards: readonly Device[],
): readonly string[] {
  for (const card of cards) {
    const { cutting } = card;
    if (cutting === undefined) continue;
    for (const { name, id } of fittingProfiles(demand, { card, cutting }, inventory.devices)) {
      const place = bestCut(cutting, name);
      if (place === null) continue;
      const command = `nvidia-smi mig -i ${card.slot} -cgi ${id}:${place.start} -C`;
      return [`GPU ${card.slot} has room for a slice ${name}, which an admin can cut: ${command}`];
    }
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
