import { describePreset } from "../../src/core/presets/describe-preset.ts";
import { defaultVolumes } from "../../src/core/presets/preset.ts";
import { Readable } from "node:stream";
import type { ContainerSpecSpec } from "../../src/api/container.ts";
import type { BlockedPrune } from "../../src/api/blocked-prune.ts";
import type { ContainerDescription, Preview } from "../../src/api/description.ts";
import type { DeletedObject } from "../../src/api/deleted-object.ts";
import { type WrittenKind, writtenKinds } from "../../src/api/document.ts";
import type { EmergencyStopLine } from "../../src/api/emergency-stop.ts";
import type { EventObject } from "../../src/api/event.ts";
import type { KeptLogText } from "../../src/api/kept-log.ts";
import { objectKey } from "../../src/api/meta.ts";
import { parseSpecText } from "../../src/api/parse.ts";
import { formatTime } from "../../src/core/format-time.ts";
import type { SourceReference, StoredRecord } from "../../src/core/record.ts";
import { FieldNoteDesk } from "../../src/controller/field-note-desk.ts";
import type {
  ControlPlane,
  FieldNote,
  GpuRecord,
  ImagePruneOutcome,
  ImagePruning,
  KeptImage,
  ImageRecord,
  PresetRecord,
  SourceRecord,
  HealthCheck,
  SchedulingChange,
  View,
  ViewChange,
} from "../../src/ports/control-plane.ts";
import type { Adoptions } from "../../src/ports/adoptions.ts";
import type { CandidateSpecs, Questions } from "../../src/ports/questions.ts";
import type { QuotaPreview } from "../../src/api/quota-preview.ts";
import type { SpecWriter } from "../../src/ports/spec-writer.ts";
import { NotFoundError } from "../../src/util/errors.ts";
import { sha256 } from "../../src/util/hash.ts";
import { MemoryStore } from "./memory-store.ts";
import { containerRecord, quotaRecord, reservationRecord } from "./records.ts";

type ParsedText = ReturnType<typeof parseSpecText>;

/** A View that tests change. */
class MemoryView<T> implements View<T> {
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<(change: ViewChange<T>) => void>();

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  onChange(listener: (change: ViewChange<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(key: string, object: T): void {
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED";
    this.#objects.set(key, object);
    for (const listener of this.#listeners) listener({ type, object });
  }
}

/** Spec files and what a controller would make of them, without engine, disk or time: for tests of the API. */
export class MemoryControlPlane implements ControlPlane, SpecWriter {
  readonly source = "specs";
  readonly store = new MemoryStore();
  readonly events = new MemoryView<EventObject>();
  readonly gpus = new MemoryView<GpuRecord>();
  /** Images that a look finds; they are shown only then. */
  readonly imagesHere: ImageRecord[] = [];
  readonly images = Object.assign(new MemoryView<ImageRecord>(), {
    refresh: async (): Promise<void> => {
      const shown = this.images.list();
      for (const image of this.imagesHere) if (!shown.includes(image)) this.images.set(image.name, image);
    },
  });
  readonly imagePrunes: ImagePruning[] = [];
  /** What prunes of images leave. */
  keptImages: readonly KeptImage[] = [];

  async pruneImages(request: ImagePruning): Promise<ImagePruneOutcome> {
    this.imagePrunes.push(request);
    const { dryRun } = request;
    return { dryRun, images: [], kept: this.keptImages, freedBytesAtLeast: 0, freedBytesAtMost: 0 };
  }

  /** As tests want them. */
  adoptions: Adoptions = {
    candidates: () => [],
    examine: async ({ container }) => {
      throw new NotFoundError({
        reason: "ContainerNotFound",
        message: `Docker has no container "${container}"`,
      });
    },
    promise: async () => undefined,
    withdraw: async () => undefined,
  };
  readonly presets = (): readonly PresetRecord[] =>
    defaultVolumes.presets.map((preset) => ({
      name: preset.name,
      spec: describePreset(preset, defaultVolumes),
    }));
  readonly sources = new MemoryView<SourceRecord>();
  readonly branches: ControlPlane["branches"] = {
    branchesOf: () => [],
    push: async () => {
      throw new TypeError("this test has no repository");
    },
  };
  readonly synced: string[] = [];
  readonly syncSource = async (name: string): Promise<void> => void this.synced.push(name);
  readonly suspended = new Map<string, string | null>();
  readonly suspendSource: ControlPlane["suspendSource"] = async ({ source, reason }) =>
    void this.suspended.set(source, reason);
  readonly resumeSource: ControlPlane["resumeSource"] = async (source) => void this.suspended.delete(source);
  /** Path below the specs root -> text. */
  readonly files = new Map<string, string>();
  /** Path -> who owns the file. */
  readonly owners = new Map<string, string>();
  checks: readonly HealthCheck[] = [{ name: "SourceSynced", ok: true, message: "2 files", remedy: null }];
  stops: EmergencyStopLine[] = [];
  readonly overrides = new Map<string, { forMs: number; reason: string | null; by: string }>();
  deleted: DeletedObject[] = [];
  /** Milliseconds that somebody has asked for, by `alice/train`. */
  readonly kept = new Map<string, number>();
  readonly startedAgain: string[] = [];
  prunes: readonly BlockedPrune[] = [];
  /** While true, files are written but nobody looks at them. */
  asleep = false;
  /** What `expectRemoval` was told. */
  readonly expectedRemovals: string[] = [];
  #uids = 0;

  async requireWritable(): Promise<void> {}

  async read(path: string): Promise<string | undefined> {
    return this.files.get(path);
  }

  async write(path: string, text: string, ownerName: string): Promise<void> {
    this.files.set(path, text);
    this.owners.set(path, ownerName);
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }

  async resync(): Promise<void> {
    if (this.asleep) return;
    const declared = new Set<string>();
    for (const [path, text] of this.files) {
      for (const document of parse(text, path).documents) {
        declared.add(this.#admit(document, path, sha256(text)));
      }
    }
    for (const kind of writtenKinds) {
      for (const { namespace, name } of this.store.list(kind)) {
        const key = objectKey(namespace, name);
        if (!declared.has(key)) await this.store.delete(kind, key);
      }
    }
  }

  /** Writes a file as a person would and takes it in. */
  async drop(path: string, text: string): Promise<void> {
    this.files.set(path, text);
    await this.resync();
  }

  /** Gives an object a new phase; it has a container from then on. */
  setPhase(namespace: string, name: string, phase: "Running" | "Stopped"): void {
    const record = this.store.get("ContainerSpec", objectKey(namespace, name));
    if (record === undefined) throw new TypeError(`no container ${namespace}/${name}`);
    const container = {
      id: `docker-${namespace}-${name}`,
      name: `${name}._.${namespace}`,
      image: record.spec?.image ?? "",
      startedAt: "2026-01-05T08:00:00Z",
    };
    this.store.putSoon({ ...record, status: { ...record.status, phase, container } });
  }

  async preview(text: string, path: string): Promise<Preview> {
    const { documents, problems, identities } = parse(text, path);
    const [document] = documents;
    const count = document?.kind === "ContainerSpec" ? (document.spec.gpus?.count ?? 0) : 0;
    const namespace = identities[0]?.namespace ?? "";
    const name = identities[0]?.name ?? "";
    const message = `${namespace}/${name} refused: asks for ${count} GPUs; quota "students" allows 2 (quotas/students.yaml:7).`;
    return {
      namespace,
      name,
      path,
      exists: this.store.get("ContainerSpec", objectKey(namespace, name)) !== undefined,
      problems,
      refusal: count > 2 ? { reason: "QuotaExceeded", message } : null,
      changes: [],
      plan: [],
      notes: [],
    };
  }

  describe(namespace: string, name: string): ContainerDescription | undefined {
    const record = this.store.get("ContainerSpec", objectKey(namespace, name));
    if (record === undefined) return undefined;
    return {
      namespace,
      name,
      labels: record.labels,
      phase: record.status.phase,
      phaseSince: "2026-01-05T08:00:00Z",
      why: [],
      whatHelps: null,
      source: { path: record.source.path },
      rejection: record.rejection,
      container: null,
      restarts: 0,
      gpu: null,
      containers: null,
      limits: [],
      conditions: [],
      next: { text: "", at: null },
      events: this.events.list().filter((event) => event.involvedObject.name === name),
    };
  }

  /** What was asked of quotas to come, and what is answered. */
  readonly candidates: CandidateSpecs[] = [];
  quotaPreview: QuotaPreview = { over: [], objects: [] };

  readonly questions: Questions = {
    gpuAvailability: async (reference) => {
      const gpu = this.gpus.list().find(({ name, uid }) => name === reference || uid === reference);
      if (gpu === undefined) return undefined;
      const { state, holder } = gpu.status;
      const { uuid, model, profile = null } = gpu.spec;
      const available = state === "Free";
      const message = `allocated: ${holder?.namespace}/${holder?.name}`;
      const obstacles = available ? [] : [{ reason: state, message }];
      const checkedAt = "2026-01-05T08:00:00Z";
      return { slot: gpu.name, uuid, model, profile, state, available, obstacles, checkedAt };
    },
    gpuDetails: async (reference) => {
      const gpu = this.gpus.list().find(({ name, uid }) => name === reference || uid === reference);
      if (gpu === undefined) return undefined;
      const { uuid } = gpu.spec;
      return { slot: gpu.name, uuid, untilCause: null, processes: [], links: null, waiting: [] };
    },
    limits: async (user) => ({ user, groups: [], quota: null, limits: [], dockerArgs: [] }),
    userUsage: async () => [],
    quotaPreview: async (candidate) => {
      this.candidates.push(candidate);
      return this.quotaPreview;
    },
    allocation: async (text, path) => {
      const { namespace, name, problems, refusal } = await this.preview(text, path);
      const outcome = { type: "none", message: "asks for no devices" } as const;
      const nothing = { needs: null, criteria: [], candidates: [], setScore: null, notes: [] };
      return { namespace, name, problems, refusal, strategy: "leastAllocated", outcome, ...nothing };
    },
    gpuUsage: async () => ({
      ready: true,
      message: "",
      devices: this.gpus.list().map(({ name, spec, status }) => ({
        slot: name,
        uuid: spec.uuid,
        model: spec.model,
        profile: spec.profile ?? null,
        memoryBytes: spec.memoryBytes,
        memoryUsedBytes: status.memoryUsedBytes,
        utilizationPercent: status.utilizationPercent,
        state: status.state,
        holder: status.holder === null ? null : `${status.holder.namespace}/${status.holder.name}`,
        processes: [],
      })),
    }),
  };

  keptLog(namespace: string, name: string): KeptLogText | undefined {
    const { keptLog } = this.store.get("ContainerSpec", objectKey(namespace, name))?.memory ?? {};
    return keptLog && { finishedAt: formatTime(keptLog.finishedAt), text: keptLog.text };
  }

  containerId(namespace: string, name: string): string | undefined {
    const record = this.store.get("ContainerSpec", objectKey(namespace, name));
    return record?.status.phase === "Running" ? `docker-${namespace}-${name}` : undefined;
  }

  /** What builds have written, by namespace/name. */
  readonly buildLogs = new Map<string, string>();

  buildLog(namespace: string, name: string): Readable | undefined {
    const text = this.buildLogs.get(`${namespace}/${name}`);
    return text === undefined ? undefined : Readable.from([text]);
  }

  health(): readonly HealthCheck[] {
    return this.checks;
  }

  blockedPrunes(): readonly BlockedPrune[] {
    return this.prunes;
  }

  readonly fieldNotes = new FieldNoteDesk(this.store, () => 0);

  async noteFields(note: FieldNote): Promise<void> {
    await this.fieldNotes.note(note);
  }

  takeBackFields(note: FieldNote): void {
    this.fieldNotes.takeBack(note);
  }

  expectRemoval(kind: WrittenKind, namespace: string, name: string, actor: string): void {
    this.expectedRemovals.push(`${kind} ${objectKey(namespace, name)} by ${actor}`);
  }

  async confirmPrune(token: string): Promise<void> {
    if (!this.prunes.some((prune) => prune.token === token)) {
      throw new NotFoundError({ reason: "NoSuchPrune", message: `no deletion is held back under ${token}` });
    }
    this.prunes = this.prunes.filter((prune) => prune.token !== token);
  }

  deletedObjects(): readonly DeletedObject[] {
    return this.deleted;
  }

  emergencyStops(): readonly EmergencyStopLine[] {
    return this.stops;
  }

  async emergencyStop({
    user,
    reason,
    by,
  }: {
    user: string | null;
    reason: string;
    by: string;
  }): Promise<void> {
    const line = { user, by, at: "2026-11-23T12:00:00Z", reason };
    this.stops = [...this.stops.filter((stop) => stop.user !== user), line];
  }

  async resume(user: string | null): Promise<void> {
    if (!this.stops.some((stop) => stop.user === user)) {
      const message = `there is no emergency stop of ${user ?? "everybody"}`;
      throw new NotFoundError({ reason: "NoEmergencyStop", message, remedy: "see: ds01 emergency-stop" });
    }
    this.stops = this.stops.filter((stop) => stop.user !== user);
  }

  async overrideStop({
    namespace,
    name,
    forMs,
    ...said
  }: {
    namespace: string;
    name: string;
    forMs: number;
    reason: string | null;
    by: string;
  }): Promise<number> {
    this.overrides.set(`${namespace}/${name}`, { forMs, ...said });
    return forMs;
  }

  async endOverride(namespace: string, name: string): Promise<void> {
    if (this.overrides.delete(`${namespace}/${name}`)) return;
    const message = `there is no override of ${namespace}/${name}`;
    throw new NotFoundError({ reason: "NotOverridden", message });
  }

  async keepAlive({
    namespace,
    name,
    forMs,
  }: {
    namespace: string;
    name: string;
    forMs: number;
  }): Promise<number | null> {
    this.kept.set(`${namespace}/${name}`, forMs);
    return forMs === 0 ? null : forMs;
  }

  async startAgain(namespace: string, name: string): Promise<void> {
    this.startedAgain.push(`${namespace}/${name}`);
  }

  async setSchedulable(
    gpu: string,
    { unschedulable, reason, by }: SchedulingChange,
  ): Promise<GpuRecord | undefined> {
    const record = this.gpus.list().find(({ name, uid }) => name === gpu || uid === gpu);
    if (record === undefined) return undefined;
    const { unschedulable: _, unschedulableReason: before, ...spec } = record.spec;
    const why = reason ?? before;
    const changed: GpuRecord = {
      ...record,
      resourceVersion: this.store.nextResourceVersion(),
      spec: unschedulable
        ? { ...spec, unschedulable, ...(why === undefined ? {} : { unschedulableReason: why }) }
        : spec,
      status: {
        ...record.status,
        state: unschedulable ? "Cordoned" : "Free",
        reason: unschedulable ? `cordoned by ${by}` : null,
      },
    };
    this.gpus.set(record.name, changed);
    return changed;
  }

  /** Adds an event about a container. */
  emit(namespace: string, name: string, reason: string): void {
    const version = this.store.nextResourceVersion();
    const time = "2026-01-05T08:00:00Z";
    const uid = this.store.get("ContainerSpec", `${namespace}/${name}`)?.uid ?? "";
    const event: EventObject = {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${name}.${version}`,
        namespace,
        uid: `event-${version}`,
        resourceVersion: String(version),
        creationTimestamp: time,
      },
      type: "Normal",
      reason,
      message: reason,
      involvedObject: { apiVersion: "ds01.io/v1alpha1", kind: "ContainerSpec", namespace, name, uid },
      source: { component: "ds01" },
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
    };
    this.events.set(event.metadata.name, event);
  }

  #admit(document: ParsedText["documents"][number], path: string, contentHash: string): string {
    const { namespace, name } = document.identity;
    const key = objectKey(namespace, name);
    const source: SourceReference = {
      source: "specs",
      path,
      contentHash,
      positions: document.positions,
    };
    const { labels = {}, annotations = {} } = document.metadata;
    const common = { labels, annotations, source, uid: `uid-${++this.#uids}` };
    const noted = <Noted extends StoredRecord>(known: Noted | undefined, next: Noted): Noted =>
      this.fieldNotes.noted(known, next) as Noted;
    if (document.kind === "QuotaSpec") {
      const known = this.store.get("QuotaSpec", key);
      const before = known ?? quotaRecord(name, common);
      this.store.putSoon(noted(known, { ...before, ...common, uid: before.uid, spec: document.spec }));
    } else if (document.kind === "ReservationSpec") {
      const known = this.store.get("ReservationSpec", key);
      const before = known ?? reservationRecord(name, common);
      this.store.putSoon(noted(known, { ...before, ...common, uid: before.uid, spec: document.spec }));
    } else {
      const spec: ContainerSpecSpec = document.spec;
      const known = this.store.get("ContainerSpec", key);
      const before = known ?? containerRecord(namespace, name, { ...common, generation: 0 });
      const generation = before.generation + (JSON.stringify(before.spec) === JSON.stringify(spec) ? 0 : 1);
      this.store.putSoon(noted(known, { ...before, ...common, uid: before.uid, generation, spec }));
    }
    return key;
  }
}

function parse(text: string, path: string): ParsedText {
  const namespaceFromPath = /^users\/([^/]+)\//.exec(path)?.[1];
  return parseSpecText(text, { path, namespaceFromPath });
}
