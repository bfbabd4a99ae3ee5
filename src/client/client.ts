import type { Duplex } from "node:stream";
import type { DeletedObject } from "../api/deleted-object.ts";
import type { EmergencyStopLine } from "../api/emergency-stop.ts";
import type { ContainerUsageList } from "../api/container-usage.ts";
import type { ContainerDescription, Preview } from "../api/description.ts";
import type { AdoptableContainer, AdoptionAnswer, AdoptRequest } from "../api/adoption.ts";
import type { AllocationPreview } from "../api/allocation-preview.ts";
import type { GpuAvailability, GpuDetails, GpuUsage } from "../api/gpu-answers.ts";
import type { BranchPushAnswer } from "../api/branch-push.ts";
import type { BlockedPrune } from "../api/blocked-prune.ts";
import type { ImagePruneAnswer, ImagePruneRequest } from "../api/image-prune.ts";
import type { KeepAliveAnswer } from "../api/keep-alive.ts";
import type { QuotaPreview, QuotaPreviewRequest } from "../api/quota-preview.ts";
import type { LimitsAnswer, UserUsageLine } from "../api/limits-answer.ts";
import type { ApiList, ApiObject } from "../api/meta.ts";
import { kindNames } from "../api/names.ts";
import type { KindName } from "../api/names.ts";
import type { StopOverrideAnswer } from "../api/stop-override.ts";
import type { StatusObject } from "../api/status-error.ts";
import type { Table } from "../api/table.ts";
import { UnreachableError } from "../util/errors.ts";
import { doorAddress, type HttpsDoor } from "./https-door.ts";
import type { HealthLine, ServerVersion } from "./answers.ts";
import { readText, send } from "./connection.ts";
import type { Call, Connection } from "./connection.ts";
import { openLog } from "./log-stream.ts";
import type { LogAnswer, LogRequest } from "./log-stream.ts";
import type { AttachRequest, ExecRequest, RemoteProcess } from "./remote-process.ts";
import {
  gpuPath,
  groupPath,
  listPath,
  objectPath,
  podPath,
  queryText,
  sourcePath,
  tablePath,
  writePath,
} from "./paths.ts";
import type { Selection } from "./paths.ts";
import { branchedCall, type BranchedChange } from "./branched-change.ts";
import { errorOfAnswer } from "./status.ts";
import { tableAccept, watchObjects, watchTables } from "./watch.ts";
import type { WatchEvent, WatchOptions } from "./watch.ts";

/** Names one object; `namespace` is for namespaced kinds. */
export interface ObjectTarget {
  readonly namespace?: string;
  readonly name: string;
}

export interface WriteOptions {
  /** Check everything and change nothing. */
  readonly dryRun?: boolean;
}

/** ds01's API over its unix socket; every failure is a Ds01Error (see `errorOfStatus`). */
export interface Client {
  readonly socketPath: string;
  get(kind: KindName, target: ObjectTarget): Promise<ApiObject>;
  list(kind: KindName, selection: Selection): Promise<ApiList>;
  /** The server's printed columns; with `name` a missing object is a NotFoundError. */
  table(kind: KindName, selection: Selection): Promise<Table>;
  watch(kind: KindName, options: WatchOptions): AsyncGenerator<WatchEvent>;
  watchTable(kind: KindName, options: WatchOptions): AsyncGenerator<WatchEvent<Table>>;
  /** Creates or replaces one object; `yaml` is one document and is stored as it is. */
  apply(kind: KindName, target: ObjectTarget, yaml: string, options?: WriteOptions): Promise<ApiObject>;
  /** JSON merge patch on the spec file; its comments stay. */
  patch(kind: KindName, target: ObjectTarget, patch: object, options?: WriteOptions): Promise<ApiObject>;
  /** Removes the spec; the object goes when its container is gone. */
  delete(kind: KindName, target: ObjectTarget, options?: WriteOptions): Promise<StatusObject>;
  /** Pushes a change to a branch of the repository that the object comes from; here, nothing changes. */
  pushToBranch(
    kind: KindName,
    target: ObjectTarget,
    change: BranchedChange,
    options: WriteOptions & { readonly branch: string },
  ): Promise<BranchPushAnswer>;
  describe(target: ObjectTarget): Promise<ContainerDescription>;
  /** What applying this document would do, without doing it. */
  preview(target: ObjectTarget, yaml: string): Promise<Preview>;
  /** Everybody who waits for GPUs; of what the caller may not read there is only what concerns those behind it. */
  queue(): Promise<ApiList>;
  /** By slot or UUID. */
  gpuAvailability(reference: string): Promise<GpuAvailability>;
  gpuDetails(reference: string): Promise<GpuDetails>;
  gpuUsage(): Promise<GpuUsage>;
  /** Of the containers of a namespace, or of all that the caller may see; takes a second. */
  containerUsage(namespace: string | undefined): Promise<ContainerUsageList>;
  limits(user: string): Promise<LimitsAnswer>;
  /** Of the users named, else of all who use something. */
  userUsage(users: readonly string[]): Promise<readonly UserUsageLine[]>;
  /** Whom the quotas of specs to come would affect; for who may write quotas. */
  quotaPreview(request: QuotaPreviewRequest): Promise<QuotaPreview>;
  /** Which devices this document would get now. */
  allocation(target: ObjectTarget, yaml: string): Promise<AllocationPreview>;
  /** Log bytes as they come; destroy the stream to end a follow. */
  logs(target: ObjectTarget, request: LogRequest): Promise<LogAnswer>;
  exec(target: ObjectTarget, request: ExecRequest): Promise<RemoteProcess>;
  /** Connects with the container's own process; closing leaves it running. */
  attach(target: ObjectTarget, request: AttachRequest): Promise<RemoteProcess>;
  /** A connection to a port of the container; it is destroyed with an error where nothing listens. */
  dial(target: ObjectTarget, port: number): Promise<Duplex>;
  health(): Promise<readonly HealthLine[]>;
  prunes(): Promise<readonly BlockedPrune[]>;
  confirmPrune(token: string): Promise<void>;
  /** Removes images that ds01 has built and nothing uses, or tells which. */
  pruneImages(request: ImagePruneRequest): Promise<ImagePruneAnswer>;
  deletedObjects(): Promise<readonly DeletedObject[]>;
  emergencyStops(): Promise<readonly EmergencyStopLine[]>;
  /** `user` null: everybody. */
  emergencyStop(user: string | null, reason: string): Promise<void>;
  resume(user: string | null): Promise<void>;
  /** Leaves a container alone for so long, however idle it is. */
  keepAlive(target: ObjectTarget, duration: string): Promise<KeepAliveAnswer>;
  /** Stops for so long what Git declares, whatever Git says; `reason` null: none is told. */
  overrideStop(target: ObjectTarget, duration: string, reason: string | null): Promise<StopOverrideAnswer>;
  /** Ends that; NotFoundError where there is none. */
  endOverride(target: ObjectTarget): Promise<void>;
  /** Containers that another tool has labelled as somebody's. */
  adoptable(): Promise<readonly AdoptableContainer[]>;
  /** Has a container that ds01 did not make stand for a spec, as it is. */
  adopt(request: AdoptRequest, options?: WriteOptions): Promise<AdoptionAnswer>;
  /** Runs again what was stopped for idleness. */
  startAgain(target: ObjectTarget): Promise<void>;
  /** Has the controller look at all specs and at the engine now; resolves when it has. */
  resync(): Promise<void>;
  /** Looks for a newer revision of a source now; what it is afterwards. */
  syncSource(name: string): Promise<ApiObject>;
  /** Leaves a Git source as it is until it is resumed; `reason` null: none is told. What it is afterwards. */
  suspendSource(name: string, reason: string | null): Promise<ApiObject>;
  resumeSource(name: string): Promise<ApiObject>;
  version(): Promise<ServerVersion>;
}

const adoptionsPath = `${groupPath}/adoptions`;
const emergencyPath = `${groupPath}/emergency-stops`;

/** A client for the controller at a socket; nothing is sent until a method is called. */
export function createClient(socketPath: string): Client {
  return clientOver({ socketPath, userAgent: "ds01" });
}

/** A client for a controller that is asked over TLS; what needs a connection of its own (exec, attach, dial) does not go there. */
export function createClientOf(door: HttpsDoor): Client {
  return clientOver({ socketPath: doorAddress(door), userAgent: "ds01", door });
}

function clientOver(connection: Connection): Client {
  const { socketPath } = connection;
  const json = async <T>(call: Call): Promise<T> => answerOf<T>(connection, call);
  return {
    socketPath,
    get: (kind, target) => json({ path: objectPath(kind, target.namespace, target.name) }),
    list: (kind, selection) => json({ path: listPath(kind, selection) }),
    table: (kind, selection) => json({ path: tablePath(kind, selection), accept: tableAccept }),
    watch: (kind, options) => watchObjects(connection, kind, options),
    watchTable: (kind, options) => watchTables(connection, kind, options),
    apply: (kind, target, yaml, options) =>
      json({
        method: "PUT",
        path: writePath(kind, target, options),
        body: yaml,
        contentType: "application/yaml",
      }),
    patch: (kind, target, patch, options) =>
      json({
        method: "PATCH",
        path: writePath(kind, target, options),
        body: JSON.stringify(patch),
        contentType: "application/merge-patch+json",
      }),
    delete: (kind, target, options) => json({ method: "DELETE", path: writePath(kind, target, options) }),
    pushToBranch: (kind, target, change, options) =>
      json({ ...branchedCall(change), path: writePath(kind, target, options) }),
    describe: (target) => json({ path: `${containerPath(target)}/description` }),
    preview: (target, yaml) =>
      json({
        method: "POST",
        path: `${containerPath(target)}/preview`,
        body: yaml,
        contentType: "application/yaml",
      }),
    queue: () => json({ path: `${groupPath}/queue` }),
    gpuAvailability: (reference) => json({ path: `${gpuPath(reference)}/availability` }),
    gpuDetails: (reference) => json({ path: `${gpuPath(reference)}/details` }),
    limits: (user) => json({ path: `${groupPath}/limits/${encodeURIComponent(user)}` }),
    userUsage: (users) => json({ path: `${groupPath}/usage/users${queryText({ user: users })}` }),
    quotaPreview: (request) =>
      json({ method: "POST", path: `${groupPath}/quota-preview`, body: JSON.stringify(request) }),
    allocation: (target, yaml) =>
      json({
        method: "POST",
        path: `${containerPath(target)}/allocation`,
        body: yaml,
        contentType: "application/yaml",
      }),
    containerUsage: (namespace) => {
      const place = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
      return json({ path: `/apis/metrics.k8s.io/v1beta1${place}/pods` });
    },
    gpuUsage: () => json({ path: `${groupPath}/usage/gpus` }),
    logs: async (target, request) => openLog(connection, podPath(target, "log"), request),
    exec: async (target, request) => connectProcessOf(connection, podPath(target, "exec"), request),
    attach: async (target, request) => connectProcessOf(connection, podPath(target, "attach"), request),
    dial: async (target, port) => {
      const { connectPort } = await import("./forwarded-port.ts");
      return connectPort(connection, podPath(target, "portforward") + queryText({ ports: port }));
    },
    health: () => json({ path: `${groupPath}/health` }),
    prunes: () => json({ path: `${groupPath}/prunes` }),
    confirmPrune: async (token) => {
      await json({ method: "POST", path: `${groupPath}/prunes`, body: JSON.stringify({ token }) });
    },
    pruneImages: (request) =>
      json({ method: "POST", path: `${groupPath}/image-prunes`, body: JSON.stringify(request) }),
    deletedObjects: () => json({ path: `${groupPath}/deleted-objects` }),
    emergencyStops: () => json({ path: emergencyPath }),
    emergencyStop: async (user, reason) => {
      await json({ method: "POST", path: emergencyPath, body: JSON.stringify({ user, reason }) });
    },
    resume: async (user) => {
      const path = user === null ? "all" : `users/${encodeURIComponent(user)}`;
      await json({ method: "DELETE", path: `${emergencyPath}/${path}` });
    },
    keepAlive: (target, duration) =>
      json({
        method: "POST",
        path: `${containerPath(target)}/keepalive`,
        body: JSON.stringify({ for: duration }),
      }),
    overrideStop: (target, duration, reason) => {
      const body = JSON.stringify({ for: duration, reason });
      return json({ method: "POST", path: `${containerPath(target)}/override`, body });
    },
    endOverride: async (target) => {
      await json({ method: "DELETE", path: `${containerPath(target)}/override` });
    },
    adoptable: () => json({ path: adoptionsPath }),
    adopt: (request, options) =>
      json({
        method: "POST",
        path: adoptionsPath + queryText({ dryRun: options?.dryRun === true ? "All" : undefined }),
        body: JSON.stringify(request),
      }),
    startAgain: async (target) => {
      await json({ method: "POST", path: `${containerPath(target)}/start`, body: "{}" });
    },
    resync: async () => {
      await json({ method: "POST", path: `${groupPath}/resync` });
    },
    syncSource: (name) => json({ method: "POST", path: sourcePath(name, "sync") }),
    suspendSource: (name, reason) =>
      json({ method: "POST", path: sourcePath(name, "suspension"), body: JSON.stringify({ reason }) }),
    resumeSource: (name) => json({ method: "DELETE", path: sourcePath(name, "suspension") }),
    version: () => json({ path: "/version" }),
  };
}

export async function answerOf<T>(connection: Connection, call: Call): Promise<T> {
  const response = await send(connection, call);
  const text = await readText(connection, response);
  const code = response.statusCode ?? 0;
  if (code < 200 || code > 299) throw errorOfAnswer(code, text);
  try {
    // The server is trusted to send what its API documents.
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new UnreachableError({
      reason: "ControllerUnreachable",
      message: `What answers at ${connection.socketPath} is not ds01 (no JSON came back).`,
      remedy: "Check DS01_SOCKET and --socket.",
      cause,
    });
  }
}

async function connectProcessOf(
  connection: Connection,
  path: string,
  request: ExecRequest | AttachRequest,
): Promise<RemoteProcess> {
  const { connectProcess } = await import("./remote-process.ts");
  return connectProcess(connection, path, request);
}

const containerKind = kindNames.find((name) => name.kind === "ContainerSpec");

function containerPath(target: ObjectTarget): string {
  if (containerKind === undefined) throw new TypeError("ContainerSpec is not among the kind names");
  return objectPath(containerKind, target.namespace, target.name);
}
