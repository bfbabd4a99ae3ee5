import type { AdoptableContainer, AdoptionAnswer } from "../api/adoption.ts";
import type { Adoption } from "../core/adoption/adoption.ts";

/** Who wants which container to stand for a spec. */
export interface AdoptionRequest {
  /** Docker name or id. */
  readonly container: string;
  /** The user whose it is to be; null: whose labels, name and mounts say it is. */
  readonly owner: string | null;
  /** Name of the spec; null: the container's. */
  readonly name: string | null;
  readonly by: string;
}

/** An adoption that nothing stands in the way of. */
export interface PlannedAdoption {
  readonly adoption: Adoption;
  readonly answer: AdoptionAnswer;
  /** Its spec stands in its file already: only the book has lost it. */
  readonly isWritten: boolean;
}

/** Takes over containers that ds01 did not make, without a change to them. */
export interface Adoptions {
  /** Those that another tool has labelled as somebody's. */
  candidates(): readonly AdoptableContainer[];
  /** NotFoundError where there is no such container, ConflictError AdoptionRefused where it cannot be left as it is. */
  examine(request: AdoptionRequest): Promise<PlannedAdoption>;
  /** Durable; in effect as soon as the spec is taken up. */
  promise(adoption: Adoption): Promise<void>;
  /** Takes back a promise that no spec came for. */
  withdraw(adoption: Adoption): Promise<void>;
}
