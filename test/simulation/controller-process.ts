import { plainSettings } from "../support/adoptions.ts";
import { Readable } from "node:stream";
import type { EventObject } from "../../src/api/event.ts";
import { ControllerManager } from "../../src/controller/manager.ts";
import { noNotes, type DeviceNotes } from "../../src/core/health/device-notes.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Log } from "../../src/ports/log.ts";
import type { DeviceProvider } from "../../src/ports/device-provider.ts";
import { MemoryActivity } from "../support/memory-activity.ts";
import { MemoryContexts } from "../support/memory-contexts.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import type { LogLine } from "../support/silent-log.ts";
import { hookAttachment } from "../support/world-builder.ts";
import { EngineConnection } from "./engine-connection.ts";
import { SimulatedDocument, SimulatedStore, type DiskAccess } from "./simulated-disk.ts";
import { SimulatedTreeReader } from "./simulated-tree.ts";
import type { SimulatedWorld } from "./simulated-world.ts";
import type { TaskOwner } from "./task-scheduler.ts";

/** The instance that the simulated controllers are of. */
export const ownInstance = "sim";

/** One run of a controller: it can be killed, halted and resumed, and all it knows ends with it. */
export class ControllerProcess implements TaskOwner {
  readonly name: string;
  state: TaskOwner["state"] = "runs";
  readonly store: SimulatedStore;
  readonly source: SimulatedTreeReader;
  readonly manager: ControllerManager;
  readonly startedAt: number;
  /** Since when it has been halted, in time that has gone by; null: it is not. */
  haltedAt: number | null = null;
  readonly #world: SimulatedWorld;
  readonly #ending = new AbortController();
  /** What would have rung while it was halted. */
  readonly #missed: (() => void)[] = [];
  readonly #alarms = new Set<() => void>();

  constructor(name: string, world: SimulatedWorld) {
    this.name = name;
    this.#world = world;
    this.startedAt = world.clock.elapsed;
    const { scheduler, tree, clock: time } = world;
    const clock = this.#clock();
    const access: DiskAccess = {
      disk: world.disk,
      owner: this,
      scheduler,
      clock: time,
      mayWrite: () => this.holdsLock(),
    };
    const document = (path: string): SimulatedDocument => new SimulatedDocument(path, access, null);
    this.store = new SimulatedStore(access);
    this.source = new SimulatedTreeReader({ tree, owner: this, scheduler, clock: time });
    const runtime = new EngineConnection({
      engine: world.engine,
      weather: world.weather,
      owner: this,
      scheduler,
      signal: this.#ending.signal,
      onCall: (call) => world.observer.onCall(this, call),
      onArrival: (call) => world.observer.onArrival(this, call),
      onEffect: (call) => world.observer.onEffect(this, call),
    });
    this.manager = new ControllerManager(
      {
        runtime,
        containerFiles: new MemoryFiles(),
        containerLogs: { logs: async () => Readable.from([Buffer.from("the end\n")]) },
        provider: this.#provider(),
        deviceAccess: { probe: async () => ({ type: "granted" }) },
        sources: [this.source],
        store: this.store,
        notebook: new SimulatedDocument<DeviceNotes>("devices", access, noNotes),
        stateWritable: () => this.store.writable(),
        clock,
        log: this.#log({}),
        identity: {
          userByName: (user) => this.#ask(`who ${user} is`, () => world.identity.userByName(user)),
          userByUid: (uid) => this.#ask(`who ${uid} is`, () => world.identity.userByUid(uid)),
          groupsOf: (user) => this.#ask(`groups of ${user}`, () => world.identity.groupsOf(user)),
          knowsGroup: (name) => this.#ask(`group ${name}`, () => world.identity.knowsGroup(name)),
          accountOf: (user) => this.#ask(`account of ${user}`, () => world.identity.accountOf(user)),
        },
        hostPaths: { inspect: async (path) => ({ realPath: path, kind: "Directory" }) },
        ownerFiles: {
          make: async () => undefined,
          archive: async () => Buffer.from(""),
          read: async () => ({ type: "unreadable", why: "nobody has files here" }),
          missingPrograms: () => [],
        },
        views: {
          operation: () => undefined,
          publish: () => undefined,
          published: () => [],
          withdraw: () => undefined,
        },
        journal: { append: (event) => this.#journal(event), history: () => world.journal },
        lock: {
          held: () => this.holdsLock(),
          onLost: () => undefined,
          release: async () => undefined,
        },
        registries: { loginFor: async () => undefined, loginsFor: async () => [], scopeOf: () => "" },
        buildContexts: new MemoryContexts(),
        recentUse: document("recent-use"),
        containerSettings: { read: async () => plainSettings },
        suspensions: document("suspensions"),
        emergencyStops: document("emergency-stops"),
        stopOverrides: document("stop-overrides"),
        adoptions: document("adoptions"),
        tombstones: document("tombstones"),
        runHistory: document("run-history"),
        ownSlices: document("own-slices"),
        aliasTags: document("alias-tags"),
        idleness: document("idleness"),
        keepAlives: document("keep-alives"),
        ownCgroups: document("own-cgroups"),
        activity: new MemoryActivity(time as never),
        newUid: () => world.newUid(),
      },
      {
        instance: ownInstance,
        protectedPaths: ["/run/docker.sock"],
        strategy: "leastAllocated",
        injection: "auto",
        accessProbeMs: null,
        accessPolicy: "notify",
        workers: 4,
        dryRun: false,
      },
    );
  }

  /** Runs until it is killed; whatever it throws is a violation. */
  async run(): Promise<void> {
    try {
      await this.manager.run(this.#ending.signal);
    } catch (error) {
      this.#world.observer.onFault(this, error);
    }
  }

  holdsLock(): boolean {
    return this.#world.lockHolder === this;
  }

  /** kill -9 */
  kill(): void {
    if (this.state === "ended") return;
    this.#world.scheduler.end(this);
    for (const cancel of this.#alarms) cancel();
    this.#ending.abort();
  }

  /** kill -STOP */
  halt(): void {
    if (this.state !== "runs") return;
    this.state = "halted";
    this.haltedAt = this.#world.clock.elapsed;
  }

  /** kill -CONT */
  resume(): void {
    if (this.state !== "halted") return;
    this.state = "runs";
    this.haltedAt = null;
    for (const ring of this.#missed.splice(0)) ring();
  }

  #clock(): Clock {
    const { clock } = this.#world;
    return {
      now: () => clock.now(),
      reading: () => clock.reading(),
      callAt: (at, callback) => {
        if (this.state === "ended") return () => undefined;
        const ring = (): void => {
          if (this.state === "halted") return void this.#missed.push(ring);
          this.#alarms.delete(cancel);
          if (this.state === "runs") callback();
        };
        const unset = clock.callAt(at, ring);
        const cancel = (): void => {
          unset();
          this.#alarms.delete(cancel);
          const missed = this.#missed.indexOf(ring);
          if (missed >= 0) this.#missed.splice(missed, 1);
        };
        this.#alarms.add(cancel);
        return cancel;
      },
    };
  }

  #log(bound: Readonly<Record<string, unknown>>): Log {
    const tell =
      (level: LogLine["level"]): Log["info"] =>
      (fields, message) => {
        if (this.state !== "ended")
          this.#world.observer.onLog(this, { level, fields: { ...bound, ...fields }, message });
      };
    return {
      debug: () => undefined,
      info: tell("info"),
      warn: tell("warn"),
      error: tell("error"),
      child: (fields) => this.#log({ ...bound, ...fields }),
    };
  }

  #provider(): DeviceProvider {
    return {
      vendor: "simulated",
      discover: () => this.#ask("which devices there are", async () => this.#world.devices.look()),
      attach: hookAttachment,
    };
  }

  /** Something on this machine that takes its time and changes nothing. */
  #ask<Result>(what: string, answer: () => Promise<Result>): Promise<Result> {
    if (this.state === "ended") return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const run = (): void => void answer().then(resolve, reject);
      this.#world.scheduler.add(this, "owner", { label: `${this.name} learns ${what}`, run });
    });
  }

  #journal(event: EventObject): void {
    if (this.state === "ended") return;
    this.#world.observer.onEvent(this, event);
    this.#world.journal.push(event);
  }
}
