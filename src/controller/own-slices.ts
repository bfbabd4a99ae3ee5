import { z } from "zod";
import type { Device } from "../core/schedule/device.ts";
import { formatPlacement } from "../core/schedule/placement.ts";
import { ownSliceOf, type OwnSlice } from "../core/schedule/recut.ts";
import type { StateDocument } from "../ports/state-document.ts";
import { isRecent } from "../util/is-recent.ts";
import { readDocument } from "./read-document.ts";

/** A cut that was begun and of which nobody knows yet whether it was made; its place was empty then. */
export type CutIntent = Omit<OwnSlice, "gpuInstance"> & { readonly at: number };

/** So long after it was begun a cut is waited for: nvidia-smi may outlive the controller that has called it. */
const settleMs = 60_000;

const shape = {
  cardUuid: z.string(),
  profile: z.string(),
  placement: z.object({ start: z.number().int(), size: z.number().int() }),
};
const OwnSliceShape = z.object({ ...shape, gpuInstance: z.number().int() });
const Written = z.object({
  own: z.array(OwnSliceShape),
  intent: z.object({ ...shape, at: z.number() }).nullable(),
});
/** As it was written before there were intents. */
const WrittenBefore = z.array(OwnSliceShape);

/** The slices that ds01 has cut, and nobody else, durably; also the one that it is about to cut. */
export class OwnSlices {
  readonly #document: StateDocument;
  #own: readonly OwnSlice[] = [];
  #intent: CutIntent | null = null;

  constructor(document: StateDocument) {
    this.#document = document;
    // Where it cannot be read no slice is ds01's, and all of them stay as they are.
    const read = readDocument(document, z.union([Written, WrittenBefore])) ?? [];
    ({ own: this.#own, intent: this.#intent } = "own" in read ? read : { own: read, intent: null });
  }

  get all(): readonly OwnSlice[] {
    return this.#own;
  }

  /** A cut of which it is not known whether it was made. */
  get intent(): CutIntent | null {
    return this.#intent;
  }

  /** Forgets those that are not there any more. */
  dropLost(devices: readonly Device[]): void {
    this.#own = this.#own.filter((own) => !isLost(own, devices));
  }

  /** Before a cut: resolves when that is durable. */
  async intend(intent: CutIntent): Promise<void> {
    await this.#write(this.#own, intent);
  }

  /** After a cut. */
  async made(gpuInstance: number): Promise<void> {
    if (this.#intent === null) return;
    const { cardUuid, profile, placement } = this.#intent;
    await this.#write([...this.#own, { cardUuid, gpuInstance, profile, placement }], null);
  }

  /** After a cut that was refused: whatever lies there is somebody else's. */
  async refused(): Promise<void> {
    await this.#write(this.#own, null);
  }

  async remove(slice: OwnSlice): Promise<void> {
    await this.#write(
      this.#own.filter((other) => other !== slice),
      this.#intent,
    );
  }

  /**
   * Finds out what became of a cut: a slice at exactly its place, where nothing was, is its. Resolves with the device
   * that is taken in as own; null when there is none, or not yet.
   */
  async settle(devices: readonly Device[], now: number): Promise<Device | null> {
    const intent = this.#intent;
    if (intent === null) return null;
    const found = devices.find((device) => {
      const { gpuInstance } = device;
      return gpuInstance !== undefined && ownSliceOf(device, [{ ...intent, gpuInstance }]) !== undefined;
    });
    if (found?.gpuInstance !== undefined) {
      await this.made(found.gpuInstance);
      return found;
    }
    if (!isRecent(intent.at, now, settleMs)) await this.refused();
    return null;
  }

  async #write(own: readonly OwnSlice[], intent: CutIntent | null): Promise<void> {
    await this.#document.write({ own, intent });
    this.#own = own;
    this.#intent = intent;
  }
}

/** True where something lies in the place, made into a device yet or not; also while its card does not tell. */
export function isTaken(
  { cardUuid, placement: { start, size } }: Pick<OwnSlice, "cardUuid" | "placement">,
  devices: readonly Device[],
): boolean {
  const cutting = devices.find(({ uuid }) => uuid === cardUuid)?.cutting;
  return (
    cutting === undefined ||
    cutting.parts.some(
      ({ placement: other }) => other.start < start + size && start < other.start + other.size,
    )
  );
}

/** True when its card tells what it is cut into, and the slice is not there any more. */
function isLost(own: OwnSlice, devices: readonly Device[]): boolean {
  const tells = devices.some(({ uuid, cutting }) => uuid === own.cardUuid && cutting !== undefined);
  return tells && devices.every((device) => ownSliceOf(device, [own]) === undefined);
}

/** `2g.20gb at 4:2`. */
export function describeSlice({ profile, placement }: Pick<OwnSlice, "profile" | "placement">): string {
  return `${profile} at ${formatPlacement(placement)}`;
}
