import type { ObservedContainer } from "../core/observed.ts";
import { deviceUuidsOf } from "../core/expiry.ts";
import type { Inventory } from "../core/schedule/device.ts";
import { ownerCandidates } from "../core/schedule/foreign-container.ts";
import type { Identity } from "../ports/identity.ts";
import { UnreachableError } from "../util/errors.ts";

export type OwnerLookup = Pick<Identity, "userByUid" | "userByName">;

/** The user that a container of another tool belongs to, as labels, name, mounts and accounts tell; null: nobody's. */
export async function ownerOfContainer(
  container: ObservedContainer,
  identity: OwnerLookup,
): Promise<string | null> {
  for (const candidate of ownerCandidates(container)) {
    if ("user" in candidate && !candidate.mustExist) return candidate.user;
    const account =
      "uid" in candidate
        ? await identity.userByUid(candidate.uid)
        : await identity.userByName(candidate.user);
    if (account !== undefined) return account.name;
  }
  return null;
}

/** Whose the containers on GPUs are that ds01 does not manage; looked up once for each container. */
export class ForeignOwners {
  readonly #identity: OwnerLookup;
  /** Container id -> its owner, null when nobody is found. */
  readonly #known = new Map<string, string | null>();
  readonly #found = new Map<string, string>();
  #asking = false;

  constructor(identity: OwnerLookup) {
    this.#identity = identity;
  }

  /** Owners by container id, as far as found. */
  get found(): ReadonlyMap<string, string> {
    return this.#found;
  }

  /**
   * Looks up those of `containers` that touch GPUs and were not looked up yet; true when an owner was found. A name
   * service that does not answer is asked again with the next look.
   */
  async learn(containers: readonly ObservedContainer[], inventory: Inventory): Promise<boolean> {
    if (this.#asking) return false;
    this.#asking = true;
    try {
      this.#forgetAllBut(containers);
      const busy = idsOnDevices(inventory);
      let isNew = false;
      for (const container of containers) {
        if (this.#known.has(container.id) || !(seesDevices(container) || busy.has(container.id))) continue;
        const owner = await ownerOfContainer(container, this.#identity);
        this.#known.set(container.id, owner);
        if (owner === null) continue;
        this.#found.set(container.id, owner);
        isNew = true;
      }
      return isNew;
    } catch (error) {
      if (error instanceof UnreachableError) return false;
      throw error;
    } finally {
      this.#asking = false;
    }
  }

  #forgetAllBut(containers: readonly ObservedContainer[]): void {
    if (this.#known.size === 0) return;
    const present = new Set(containers.map(({ id }) => id));
    for (const id of this.#known.keys()) {
      if (present.has(id)) continue;
      this.#known.delete(id);
      this.#found.delete(id);
    }
  }
}

function seesDevices(container: ObservedContainer): boolean {
  const { all, ids } = container.gpuClaims;
  return all || ids.length > 0 || deviceUuidsOf(container).length > 0;
}

function idsOnDevices({ usage }: Inventory): ReadonlySet<string> {
  const processes = [...usage.values()].flatMap((one) => one.processes);
  return new Set(
    processes.flatMap(({ containerId, outerContainerIds = [] }) =>
      containerId === null ? [] : [containerId, ...outerContainerIds],
    ),
  );
}
