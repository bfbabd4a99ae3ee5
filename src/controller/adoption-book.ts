import { z } from "zod";
import { annotations } from "../api/names.ts";
import type { ParsedContainerSpec } from "../api/parsed-document.ts";
import { withAdoption, type Adoption } from "../core/adoption/adoption.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { specHash } from "../core/plan/spec-hash.ts";
import type { ContainerRecord } from "../core/record.ts";
import { injections } from "../core/schedule/injection.ts";
import type { Log } from "../ports/log.ts";
import type { StateDocument } from "../ports/state-document.ts";
import type { Store } from "../ports/store.ts";
import { messageOf } from "../util/errors.ts";
import { Turns } from "../util/turns.ts";
import { readDocument } from "./read-document.ts";

const Entry = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  namespace: z.string(),
  name: z.string(),
  uid: z.string().min(1),
  specHash: z.string(),
  gpuUuids: z.array(z.string()),
  gpuSlots: z.array(z.string()),
  gpuSlices: z.string(),
  at: z.number(),
  by: z.string(),
  injection: z.enum(injections),
});
const Document = z.object({ version: z.literal(1), adoptions: z.array(Entry) });

export interface AdoptionBookOptions {
  readonly document: StateDocument;
  readonly store: Store;
  readonly instance: string;
  readonly log: Log;
  /** From now on the container is to be seen as its object's. */
  readonly onTaken: (containerId: string) => void;
}

/**
 * Which containers that ds01 did not make stand for a spec. An entry is only a promise until an object has its uid: a
 * crash before its spec is written leaves the container nobody's, and nothing of it is in the way of anybody.
 * INVARIANT: an entry goes only when its container is gone for sure, or when the adoption was taken back before it began.
 */
export class AdoptionBook {
  readonly #options: AdoptionBookOptions;
  readonly #adoptions: Map<string, Adoption>;
  /** What is written at the same moment is written in that order. */
  readonly #writing = new Turns(1);

  constructor(options: AdoptionBookOptions) {
    this.#options = options;
    this.#adoptions = new Map(this.#read().map((adoption) => [adoption.id, adoption]));
    options.store.onChange(({ type, record }) => {
      if (type !== "DELETED" && record.kind === "ContainerSpec") this.#taken(record);
    });
  }

  /** Ids of all containers that it knows of. */
  ids(): readonly string[] {
    return [...this.#adoptions.keys()];
  }

  /** The container as its object's where it is one's, else as it is. */
  seen(container: ObservedContainer): ObservedContainer {
    const adoption = this.#adoptions.get(container.id);
    if (adoption === undefined || !this.#isTaken(adoption)) return container;
    return withAdoption(container, adoption, this.#options.instance);
  }

  /** The uid for a new object whose spec is the one that an adoption was promised to. */
  uidFor({ identity, metadata, spec }: ParsedContainerSpec): string | undefined {
    const adoption = this.#adoptions.get(metadata.annotations?.[annotations.adopts] ?? "");
    if (adoption === undefined) return undefined;
    const isIt =
      adoption.namespace === identity.namespace &&
      adoption.name === identity.name &&
      adoption.specHash === specHash(spec);
    return isIt ? adoption.uid : undefined;
  }

  /** Writes a promise down, durably; it holds as soon as its object is there. */
  async promise(adoption: Adoption): Promise<void> {
    this.#adoptions.set(adoption.id, adoption);
    await this.#write();
    const { id, namespace, name, by } = adoption;
    this.#options.log.info(
      { reason: "Adopted", id, namespace, name, by },
      "a container is to stand for a spec",
    );
    const record = this.#options.store.get("ContainerSpec", `${adoption.namespace}/${adoption.name}`);
    if (record !== undefined) this.#taken(record);
  }

  /** Takes back a promise that nothing has come of. */
  async withdraw(id: string): Promise<void> {
    const adoption = this.#adoptions.get(id);
    if (adoption === undefined || this.#isTaken(adoption)) return;
    this.#adoptions.delete(id);
    await this.#write();
  }

  /** The container is gone: a definite answer of the engine. */
  gone(id: string): void {
    if (!this.#adoptions.delete(id)) return;
    this.#write().catch((error: unknown) => {
      // It is dropped again after the next start.
      this.#options.log.warn(
        { reason: "AdoptionsUnwritten", message: messageOf(error) },
        "an adopted container is gone, which could not be written down",
      );
    });
  }

  #isTaken({ namespace, name, uid }: Adoption): boolean {
    return this.#options.store.get("ContainerSpec", `${namespace}/${name}`)?.uid === uid;
  }

  #taken({ namespace, name, uid }: ContainerRecord): void {
    for (const adoption of this.#adoptions.values()) {
      if (adoption.uid !== uid || adoption.namespace !== namespace || adoption.name !== name) continue;
      this.#options.onTaken(adoption.id);
    }
  }

  #read(): readonly Adoption[] {
    const { document, log } = this.#options;
    const message = "which containers were adopted cannot be read; they count as nobody's, and run on";
    const tell = (): void => log.error({ reason: "AdoptionsUnreadable" }, message);
    return readDocument(document, Document, tell)?.adoptions ?? [];
  }

  async #write(): Promise<void> {
    await this.#writing.take(() =>
      this.#options.document.write({ version: 1, adoptions: [...this.#adoptions.values()] }),
    );
  }
}
