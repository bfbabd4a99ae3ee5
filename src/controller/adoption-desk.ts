import type { AdoptableContainer } from "../api/adoption.ts";
import { objectNameOf } from "../api/docker-import/docker-values.ts";
import { renderDraft } from "../api/docker-import/render-draft.ts";
import { annotations, labels } from "../api/names.ts";
import { renderProblem } from "../api/problem.ts";
import { withAdoption, type Adoption } from "../core/adoption/adoption.ts";
import { adoptedDevices, type AdoptedDevices } from "../core/adoption/adopted-devices.ts";
import type { AdoptionNote } from "../core/adoption/adoption-note.ts";
import { describeAsSpec } from "../core/adoption/describe-container.ts";
import type { OwnerAccount } from "../core/account/owner-account.ts";
import type { FurtherSettings } from "../core/adoption/further-settings.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { containerName, isReplacementName } from "../core/plan/container-name.ts";
import { specHash } from "../core/plan/spec-hash.ts";
import type { ContainerRecord } from "../core/record.ts";
import { originOf } from "../core/schedule/foreign-container.ts";
import { sliceLabel } from "../core/schedule/given-devices.ts";
import type { AdoptionRequest, Adoptions, PlannedAdoption } from "../ports/adoptions.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerSettings } from "../ports/container-settings.ts";
import type { Store } from "../ports/store.ts";
import { NotFoundError, UnreachableError } from "../util/errors.ts";
import type { AdoptionBook } from "./adoption-book.ts";
import { inTheWay, laterNotes, refused } from "./adoption-obstacles.ts";
import type { Identity } from "../ports/identity.ts";
import { ownerOfContainer } from "./foreign-owners.ts";
import type { HostState } from "./host-state.ts";
import type { InventoryBook } from "./inventory-book.ts";
import { candidateFor } from "./preview.ts";
import type { RuntimeCache } from "./runtime-cache.ts";

export interface AdoptionDeskOptions {
  readonly book: AdoptionBook;
  readonly cache: RuntimeCache;
  readonly host: HostState;
  readonly inventory: InventoryBook;
  readonly settings: ContainerSettings;
  readonly identity: Pick<Identity, "userByUid" | "userByName" | "accountOf">;
  readonly store: Store;
  readonly instance: string;
  readonly clock: Clock;
  readonly newUid: () => string;
}

/** Finds out whether a container can stand for a spec exactly as it is, and which spec that is. */
export class AdoptionDesk implements Adoptions {
  readonly #options: AdoptionDeskOptions;

  constructor(options: AdoptionDeskOptions) {
    this.#options = options;
  }

  candidates(): readonly AdoptableContainer[] {
    return this.#options.cache
      .all()
      .filter((container) => isLabelled(container) && !isOfController(container))
      .map((container) => ({ id: container.id, name: container.name, origin: originOf(container) }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  async examine(request: AdoptionRequest): Promise<PlannedAdoption> {
    const { cache, settings, inventory } = this.#options;
    if (!cache.ready) {
      const message = `the Docker engine does not answer: ${cache.message}`;
      throw new UnreachableError({ reason: "EngineUnreachable", message });
    }
    const container = await cache.refresh(request.container);
    const further = container === undefined ? undefined : await settings.read(container.id);
    if (container === undefined || further === undefined) {
      const message = `Docker has no container "${request.container}"`;
      throw new NotFoundError({ reason: "ContainerNotFound", message, remedy: "see: docker ps -a" });
    }
    this.#refuseWhatCannotStay(container, further);
    await inventory.refresh();
    const devices = adoptedDevices(container, further, inventory.current);
    if ("refusal" in devices) throw refused(container, devices.refusal, devices.remedy);
    const target = await this.#targetOf(container, request);
    const before = this.#before(container, target);
    const owner = await this.#options.identity.accountOf(target.namespace);
    const described = this.#describe(container, { further, devices, target, before, owner });
    return await this.#plan(container, { ...described, devices, by: request.by, before });
  }

  async promise(adoption: Adoption): Promise<void> {
    await this.#options.book.promise(adoption);
  }

  async withdraw(adoption: Adoption): Promise<void> {
    await this.#options.book.withdraw(adoption.id);
  }

  #refuseWhatCannotStay(container: ObservedContainer, { removedWhenStopped }: FurtherSettings): void {
    const own = container.labels;
    if (isOfController(container)) {
      if (own[labels.instance] === this.#options.instance) {
        const whose = `it is the container of ${own[labels.user]}/${own[labels.name]}`;
        throw refused(container, whose, "nothing is to be done");
      }
      const remedy = "take it out of the specs of that controller first";
      throw refused(container, `another ds01 (${own[labels.instance]}) looks after it`, remedy);
    }
    if (!["running", "paused", "restarting", "exited"].includes(container.state)) {
      const remedy = "start it, or remove it: a spec makes a new one";
      throw refused(container, `it is ${container.state}`, remedy);
    }
    if (removedWhenStopped) {
      const remedy = "let it end, and write a spec in its place";
      throw refused(container, "it was made with --rm: Docker removes it as soon as it stops", remedy);
    }
    if (isReplacementName(container.name)) {
      const remedy = `rename it: docker rename ${container.name} NAME`;
      throw refused(container, "its name is one that ds01 gives to new containers for a while", remedy);
    }
  }

  async #targetOf(container: ObservedContainer, { owner, name }: AdoptionRequest): Promise<Target> {
    const namespace = owner ?? (await ownerOfContainer(container, this.#options.identity));
    if (namespace === null) {
      const why = "nothing tells whose it is: no label, no name, no mount below a home";
      throw refused(container, why, "say so: --owner USER");
    }
    const own = container.labels;
    const written = own[labels.name] ?? own["aime.mlc.NAME"] ?? container.name.replace(/\._\..*$/, "");
    const chosen = name ?? objectNameOf(written);
    if (chosen !== "") return { namespace, name: chosen };
    throw refused(container, `no name for a spec can be made of "${written}"`, "say one: --name NAME");
  }

  /** The object that was written for this container once and has lost it; null for a new one. */
  #before(container: ObservedContainer, { namespace, name }: Target): ContainerRecord | null {
    const { store, cache, host } = this.#options;
    const record = store.get("ContainerSpec", `${namespace}/${name}`);
    const isItsOwn = record?.annotations[annotations.adopts] === container.id;
    const hasContainers = (host.view().containersOf.get(record?.uid ?? "") ?? []).length > 0;
    if (record !== undefined && (!isItsOwn || hasContainers || record.deletion !== null)) {
      throw refused(container, `${namespace}/${name} is there already`, "choose another name: --name NAME");
    }
    const next = containerName(namespace, name);
    const holder = cache.byName(next);
    if (holder !== undefined && holder.id !== container.id) {
      const why = `its next container would be called ${next}, as another one is now`;
      throw refused(container, why, "choose another name: --name NAME");
    }
    const other = store
      .list("ContainerSpec")
      .find((one) => one !== record && containerName(one.namespace, one.name) === container.name);
    if (other !== undefined) {
      const why = `${container.name} is what the container of ${other.namespace}/${other.name} is called`;
      throw refused(container, why, `rename it: docker rename ${container.name} NAME`);
    }
    return record ?? null;
  }

  #describe(
    container: ObservedContainer,
    { further, devices, target, before, owner }: Described,
  ): { readonly target: Target; readonly text: string; readonly notes: readonly AdoptionNote[] } {
    const { spec, notes } = describeAsSpec(container, further);
    if (devices.request !== null) spec.gpus = devices.request;
    // A number says less than whose it is, and needs another grant.
    if (owner !== undefined && isUser(container.config.user, owner)) spec.user = "owner";
    const heading = [
      `Describes the container ${container.name}, which ds01 adopted as it was.`,
      ...notes.map(({ about, message }) => `${about}: ${message}.`),
    ];
    const text = renderDraft(target.name, {
      spec,
      labels: new Map(),
      comments: new Map(),
      annotations: { [annotations.adopts]: container.id },
      heading,
    });
    return { target, text: before === null ? text : "", notes };
  }

  async #plan(
    container: ObservedContainer,
    found: {
      readonly target: Target;
      readonly text: string;
      readonly notes: readonly AdoptionNote[];
      readonly devices: GivenDevices;
      readonly by: string;
      readonly before: ContainerRecord | null;
    },
  ): Promise<PlannedAdoption> {
    const { host, cache, instance, clock } = this.#options;
    const { target, devices, before } = found;
    const path = before?.source.path ?? `users/${target.namespace}/${target.name}.yaml`;
    const candidate = before ?? this.#candidate(container, found.text, path);
    if (candidate.spec === null) throw refused(container, `${path} is not valid`, "mend it: ds01 validate");
    const adoption: Adoption = {
      id: container.id,
      ...target,
      uid: candidate.uid,
      specHash: specHash(candidate.spec),
      gpuUuids: devices.devices.map(({ uuid }) => uuid),
      gpuSlots: devices.devices.map(({ slot }) => slot),
      gpuSlices: sliceLabel(devices.devices),
      at: clock.now(),
      by: found.by,
      injection: devices.injection,
    };
    const adopted = withAdoption(container, adoption, instance);
    const containers = cache.all().map((one) => (one.id === container.id ? adopted : one));
    const prepared = await host.prepare(candidate);
    const { world, view } = host.worldWith(candidate, prepared, containers);
    const obstacle = inTheWay(world, view, clock.now());
    if (obstacle !== null) throw refused(container, obstacle.why, obstacle.remedy);
    const notes = [...found.notes, ...laterNotes(world, clock.now())];
    return {
      adoption,
      isWritten: before !== null,
      answer: {
        container: container.name,
        id: container.id,
        ...target,
        path,
        text: found.text,
        notes,
        adopted: false,
      },
    };
  }

  #candidate(container: ObservedContainer, text: string, path: string): ContainerRecord {
    const { problems, candidate } = candidateFor(text, path, this.#options);
    if (candidate !== null) return { ...candidate, uid: this.#options.newUid() };
    const remedy = "make it anew from a spec";
    throw refused(
      container,
      `a spec cannot say what it is: ${problems.map(renderProblem).join("; ")}`,
      remedy,
    );
  }
}

interface Target {
  readonly namespace: string;
  readonly name: string;
}

type GivenDevices = Exclude<AdoptedDevices, { refusal: string }>;

interface Described {
  readonly further: FurtherSettings;
  readonly owner: OwnerAccount | undefined;
  readonly devices: GivenDevices;
  readonly target: Target;
  readonly before: ContainerRecord | null;
}

function isUser(user: string, { uid, gid }: OwnerAccount): boolean {
  return user === `${uid}:${gid}` || user === String(uid);
}

/** Of a controller such as this one: the scripts before it knew no instances. */
function isOfController({ labels: own }: ObservedContainer): boolean {
  return own[labels.managed] === "true" && (own[labels.instance] ?? "") !== "";
}

/** What the scripts write on a container; other labels come with images that were made for them. */
const scriptLabel = /^(?:aime\.mlc(?:\.|$)|ds01\.(?:managed|user|interface|container_type|gpu[._]))/;

function isLabelled({ labels: own }: ObservedContainer): boolean {
  return Object.keys(own).some((label) => scriptLabel.test(label));
}
