import type { FurtherSettings } from "../../src/core/adoption/further-settings.ts";
import { Readable } from "node:stream";
import { ControllerManager } from "../../src/controller/manager.ts";
import type { RegistryCredentials } from "../../src/ports/registry-credentials.ts";
import type { ManagerSettings } from "../../src/controller/manager-ports.ts";
import type { EventObject } from "../../src/api/event.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import type { Inventory } from "../../src/core/schedule/device.ts";
import type { AccessVerdict } from "../../src/ports/device-access.ts";
import type { DeviceProvider } from "../../src/ports/device-provider.ts";
import type { KernelLog } from "../../src/ports/kernel-log.ts";
import { StalledError } from "../../src/util/errors.ts";
import { plainSettings } from "./adoptions.ts";
import { inventory } from "./devices.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryActivity } from "./memory-activity.ts";
import { MemoryNotebook } from "./memory-notebook.ts";
import { MemoryCgroups } from "./memory-cgroups.ts";
import { MemoryContexts } from "./memory-contexts.ts";
import { MemoryDocument } from "./memory-document.ts";
import { MemoryFiles } from "./memory-files.ts";
import { MemoryIdentity } from "./memory-identity.ts";
import { MemorySecrets } from "./memory-secrets.ts";
import { MemorySource } from "./memory-source.ts";
import { MemoryStore } from "./memory-store.ts";
import { silentLog } from "./silent-log.ts";
import { hookAttachment } from "./world-builder.ts";

/** Steps of the clock while a test waits; turns of the event loop after each, for promises to settle. */
const stepMs = 10;
const turnsAStep = 12;

/** Devices that a test changes. */
export class MemoryProvider implements DeviceProvider {
  readonly vendor = "test";
  answer: () => Inventory;

  constructor(answer: () => Inventory) {
    this.answer = answer;
  }

  // eslint-disable-next-line typescript/require-await -- an answer that throws must reject
  async discover(): Promise<Inventory> {
    return this.answer();
  }

  readonly attach = hookAttachment;
}

/** A whole controller on doubles; its time moves only while a test waits. */
export class ControllerBed {
  readonly clock: ManualClock;
  readonly runtime: FakeRuntime;
  readonly store: MemoryStore;
  readonly source = new MemorySource();
  readonly log = silentLog();
  readonly provider = new MemoryProvider(() => inventory([]));
  readonly notebook: MemoryNotebook;
  readonly identity = new MemoryIdentity().add("alice", 1001).add("bob", 1002);
  readonly events: EventObject[] = [];
  /** What a look into a container finds, by its id; granted unless told. */
  readonly access = new Map<string, AccessVerdict>();
  /** What containers have written, by their name. */
  readonly logs = new Map<string, string>();
  logReader = async (id: string): Promise<string> => this.logs.get(this.runtime.container(id).name) ?? "";
  /** Files published for people, by path. */
  readonly published = new Map<string, string>();
  /** Host paths that are not there. */
  readonly missingHostPaths = new Set<string>();
  /** What files of the host hold that are read; all other paths are directories. */
  readonly hostFiles = new Map<string, string>();
  /** Who has read them: path and user. */
  readonly readAsOwner: string[] = [];
  /** Paths that their owner may not make. */
  readonly refusedHostPaths = new Set<string>();
  /** Programs that the host lacks, in words. */
  missingPrograms: readonly string[] = [];
  /** What was made in the name of its owner: kind, path and user. */
  readonly madeAsOwner: string[] = [];
  /** Paths that no container may have. */
  readonly protectedPaths: string[] = [
    "/run/docker.sock",
    "/var/lib/ds01",
    "/srv/ds01/specs",
    "/proc",
    "/etc/ds01",
  ];
  /** Links of the host: path -> where it leads. */
  readonly links = new Map<string, string>([["/var/run", "/run"]]);
  /** How often somebody has looked at a host path, and what happens right before one does. */
  looksAtPaths = 0;
  beforePathLook: (path: string) => void = () => undefined;
  /** Logins by image, and whether each user has one of their own. */
  readonly registries: RegistryCredentials = {
    loginFor: async () => undefined,
    loginsFor: async () => [],
    scopeOf: () => "",
  };
  /** Contents of contexts, by their path below the specs root. */
  readonly contexts = new MemoryContexts();
  readonly cgroups = new MemoryCgroups();
  readonly containerFiles = new MemoryFiles();
  readonly secretFiles: MemorySecrets;
  /** The cgroups that the controller says it has made. */
  readonly ownCgroups = new MemoryDocument();
  /** Recent use of GPUs, as it was written last. */
  readonly recentUse = new MemoryDocument();
  /** What was seen of idle containers, as it was written last. */
  readonly idleness = new MemoryDocument();
  readonly keepAlives = new MemoryDocument();
  readonly activity: MemoryActivity;
  /** What admins have stopped at once, as it was written last. */
  readonly emergencyStops = new MemoryDocument();
  /** What is stopped whatever Git says, as it was written last. */
  readonly stopOverrides = new MemoryDocument();
  /** What was adopted, as it was written last. */
  readonly adoptions = new MemoryDocument();
  /** Of containers that ds01 did not make, by id. */
  readonly furtherSettings = new Map<string, FurtherSettings>();
  readonly tombstones = new MemoryDocument();
  /** Which sources are suspended, as it was written last. */
  readonly suspensions = new MemoryDocument();
  /** Names that images got by aliases, as it was written last. */
  readonly aliasTags = new MemoryDocument();
  /** How long earlier work took, as it was written last. */
  readonly runHistory = new MemoryDocument();
  /** False: another controller has taken over. */
  lockHeld = true;
  /** What the store says of its directory. */
  stateWritable = true;
  readonly manager: ControllerManager;
  readonly #stopping = new AbortController();
  /** What is in the store or runs on the engine has an uid already, which nothing else may get. */
  readonly #newUid: () => string;
  #running: Promise<void> = Promise.resolve();

  /** `before`: the machine of an earlier controller, whose engine and time go on. */
  constructor(
    { sources, ...settings }: Partial<ManagerSettings> & { readonly sources?: readonly MemorySource[] } = {},
    store = new MemoryStore(),
    before?: ControllerBed,
    kernelLog?: KernelLog,
  ) {
    this.clock = before?.clock ?? new ManualClock();
    this.runtime = before?.runtime ?? new FakeRuntime({ clock: this.clock });
    this.store = store;
    this.#newUid = before === undefined ? () => store.newUid() : before.#newUid;
    this.activity = new MemoryActivity(this.clock);
    this.secretFiles = before?.secretFiles ?? new MemorySecrets();
    this.notebook = before?.notebook ?? new MemoryNotebook();
    if (before !== undefined) this.#takeOver(before);
    this.manager = new ControllerManager(
      {
        runtime: this.runtime,
        containerFiles: this.containerFiles,
        containerLogs: {
          logs: async (id) => Readable.from([Buffer.from(await this.logReader(id))]),
        },
        provider: this.provider,
        deviceAccess: { probe: async ({ id }) => this.access.get(id) ?? { type: "granted" } },
        sources: sources ?? [this.source],
        store: this.store,
        notebook: this.notebook,
        stateWritable: () => this.stateWritable,
        clock: this.clock,
        log: this.log,
        identity: this.identity,
        hostPaths: {
          inspect: async (path) => {
            this.looksAtPaths += 1;
            this.beforePathLook(path);
            const realPath = this.realPath(path);
            const kind = this.hostFiles.has(realPath) ? "File" : "Directory";
            return { realPath, kind: this.missingHostPaths.has(path) ? "Missing" : kind };
          },
        },
        ownerFiles: {
          missingPrograms: () => this.missingPrograms,
          make: async (path, kind, { name }) => {
            if (this.refusedHostPaths.has(path)) {
              throw new StalledError({ reason: "HostPathNotMade", message: `${name} may not make ${path}` });
            }
            this.madeAsOwner.push(`${kind} ${path} ${name}`);
            this.missingHostPaths.delete(path);
          },
          read: async (path, maximumBytes, { name }) => {
            this.readAsOwner.push(`${path} ${name}`);
            const text = this.hostFiles.get(path);
            if (text === undefined) return { type: "missing" };
            const content = Buffer.from(text);
            return content.length > maximumBytes
              ? { type: "unreadable", why: "it is too large" }
              : { type: "content", content };
          },
          archive: async ({ path, to, as }, { name }) =>
            Buffer.from(`${path} as ${name} to ${to} for ${as.uid}:${as.gid}`),
        },
        views: {
          operation: () => undefined,
          publish: (path, text) => void this.published.set(path, text),
          published: () => [],
          withdraw: (path) => void this.published.delete(path),
        },
        journal: { append: (event) => void this.events.push(event), history: () => [] },
        lock: { held: () => this.lockHeld, onLost: () => undefined, release: async () => undefined },
        recentUse: this.recentUse,
        registries: this.registries,
        buildContexts: this.contexts,
        runHistory: this.runHistory,
        ownSlices: new MemoryDocument(),
        tombstones: this.tombstones,
        emergencyStops: this.emergencyStops,
        stopOverrides: this.stopOverrides,
        suspensions: this.suspensions,
        aliasTags: this.aliasTags,
        adoptions: this.adoptions,
        containerSettings: { read: async (id) => this.furtherSettings.get(id) ?? plainSettings },
        idleness: this.idleness,
        keepAlives: this.keepAlives,
        activity: this.activity,
        aggregateCgroups: this.cgroups,
        secretFiles: this.secretFiles,
        ownCgroups: this.ownCgroups,
        ...(kernelLog === undefined ? {} : { kernelLog }),
        newUid: this.#newUid,
      },
      {
        instance: "test",
        protectedPaths: this.protectedPaths,
        strategy: "leastAllocated",
        injection: "auto",
        accessProbeMs: null,
        accessPolicy: "notify",
        workers: 4,
        dryRun: false,
        ...settings,
      },
    );
  }

  /** What an earlier controller has written down. */
  #takeOver(before: ControllerBed): void {
    for (const name of [
      "runHistory",
      "recentUse",
      "emergencyStops",
      "stopOverrides",
      "suspensions",
      "aliasTags",
      "adoptions",
      "idleness",
      "keepAlives",
      "tombstones",
    ] as const) {
      this[name].value = before[name].value;
    }
  }

  /** Where a path of the host leads. */
  realPath(path: string): string {
    const plain = path.split("/").filter((part) => part !== "" && part !== ".");
    let real = "";
    for (const part of plain) real = this.links.get(`${real}/${part}`) ?? `${real}/${part}`;
    return real === "" ? "/" : real;
  }

  start(): void {
    this.#running = this.manager.run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Puts `users/<namespace>/<name>.yaml` in place; `fields` are lines of its spec. */
  declare(namespace: string, name: string, fields: readonly string[] = []): void {
    const hasImage = fields.some((line) => line.startsWith("image:"));
    const text = [
      "apiVersion: ds01.io/v1alpha1",
      "kind: ContainerSpec",
      `metadata: { name: ${name}, namespace: ${namespace} }`,
      "spec:",
      ...(hasImage ? fields : ["image: bed/base:1", ...fields]).map((line) => `  ${line}`),
      "",
    ].join("\n");
    this.source.write(`users/${namespace}/${name}.yaml`, text);
  }

  record(key: string): ContainerRecord | undefined {
    return this.store.get("ContainerSpec", key);
  }

  phase(key: string): string {
    return this.record(key)?.status.phase ?? "none";
  }

  /** Lines of the log that have this reason. */
  logged(reason: string): readonly Readonly<Record<string, unknown>>[] {
    return this.log.lines.map(({ fields }) => fields).filter((fields) => fields["reason"] === reason);
  }

  /** Moves time on until the condition holds; throws after `withinMs` of the controller's time. */
  async until(description: string, condition: () => boolean, withinMs = 5000): Promise<void> {
    const deadline = this.clock.now() + withinMs;
    for (;;) {
      await settle();
      if (condition()) return;
      if (this.clock.now() >= deadline) {
        const states = this.store
          .list("ContainerSpec")
          .map(
            ({ name, status }) => `${name} ${status.phase} ${status.reason ?? ""} ${status.message ?? ""}`,
          );
        throw new Error(`waited ${withinMs} ms for ${description}; ${states.join("; ")}`);
      }
      this.clock.advance(stepMs);
    }
  }

  /** Lets promises settle while time stands still. */
  async turns(): Promise<void> {
    await settle();
  }

  /** Lets this much of the controller's time pass. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    await this.until("time to pass", () => this.clock.now() >= end, milliseconds + stepMs);
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsAStep; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
