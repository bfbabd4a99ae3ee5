import { hostname, release } from "node:os";
import type Docker from "dockerode";
import { labels as labelNames } from "../../api/names.ts";
import type { ObservedContainer } from "../../core/observed.ts";
import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import type { Log } from "../../ports/log.ts";
import { Ds01Error } from "../../util/errors.ts";
import { connectDocker, socketPathOf } from "./connect.ts";
import { engineClient } from "./engine-client.ts";
import type { EngineRequest } from "./engine-client.ts";
import { engineDevices, saysHookMissing, type InfoJson } from "./engine-devices.ts";
import type { InspectJson, ListJson } from "./inspect-json.ts";
import { lingeringProcesses } from "./lingering.ts";
import { listedContainer, observeContainer } from "./observe.ts";
import { imageCalls } from "./images.ts";
import { refuseBelowUse } from "./memory-in-use.ts";
import { translateContainer, translateUpdate } from "./translate.ts";
import { unless } from "./unless.ts";
import { watchEngine } from "./watch.ts";

/** How long the engine may take, in milliseconds; generous, since a call that is cut leaves its effect unknown. */
export interface EngineDeadlines {
  readonly pingMs: number;
  /** list, inspect, image */
  readonly readMs: number;
  /** create, remove, rename, update, unpause */
  readonly changeMs: number;
  /** Starting runs the GPU hook and mounts volumes. */
  readonly startMs: number;
  /** Beyond the grace of a stop. */
  readonly stopMarginMs: number;
  /** Without any progress of a pull. */
  readonly pullIdleMs: number;
  /** Without a word of a build. */
  readonly buildIdleMs: number;
  /** Between the pings that show that a silent event stream is alive. */
  readonly watchPingIntervalMs: number;
}

const engineDeadlines: EngineDeadlines = {
  pingMs: 5_000,
  readMs: 15_000,
  changeMs: 60_000,
  startMs: 120_000,
  stopMarginMs: 15_000,
  pullIdleMs: 60_000,
  buildIdleMs: 600_000,
  watchPingIntervalMs: 5_000,
};

/** Either a client or the address of the engine. */
export type DockerRuntimeOptions = ({ readonly docker: Docker } | { readonly dockerHost: string }) & {
  readonly deadlines?: Partial<EngineDeadlines>;
  readonly log: Log;
};

/** What ds01 reads of `GET /volumes/NAME`. */
interface VolumeJson {
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** What does not change while an engine runs. */
interface EngineFacts {
  readonly defaultRuntime: string;
  readonly loggingDriver: string;
  /** False when /proc of this machine says nothing about the engine's containers. */
  readonly onThisMachine: boolean;
}

/** The Docker Engine as ContainerRuntime; opens no connection before the first call. */
export function dockerRuntime(options: DockerRuntimeOptions): ContainerRuntime {
  const docker = "docker" in options ? options.docker : connectDocker(options.dockerHost);
  const { readMs, changeMs, startMs, pingMs, ...deadlines } = { ...engineDeadlines, ...options.deadlines };
  const { log } = options;
  const client = engineClient(docker);
  const lingering = lingeringProcesses();
  let facts: EngineFacts | undefined;
  /** Only a start shows whether the engine found NVIDIA's hook when it was started. */
  let hookMissing = false;

  function change(request: EngineRequest): Promise<unknown> {
    log.debug({ call: request.what }, "engine call");
    return client.request(request);
  }

  async function engineInfo(signal: AbortSignal | undefined): Promise<InfoJson> {
    const what = "ask the engine about itself";
    return (await client.request({
      what,
      method: "GET",
      path: "/info",
      deadlineMs: readMs,
      signal,
    })) as InfoJson;
  }

  async function engineFacts(signal: AbortSignal | undefined): Promise<EngineFacts> {
    if (facts !== undefined) return facts;
    const info = await engineInfo(signal);
    const sameMachine = info.Name === hostname() && info.KernelVersion === release();
    facts = {
      defaultRuntime: info.DefaultRuntime ?? "",
      loggingDriver: info.LoggingDriver ?? "",
      onThisMachine: sameMachine && socketPathOf(docker) !== undefined,
    };
    return facts;
  }

  async function observe(json: InspectJson, signal: AbortSignal | undefined): Promise<ObservedContainer> {
    const { defaultRuntime, onThisMachine } = await engineFacts(signal);
    const observed = observeContainer(json, defaultRuntime);
    if (!endedWithGpus(observed)) return observed;
    return { ...observed, lingering: onThisMachine ? await lingering.find(observed.id) : null };
  }

  return {
    ping: async (signal) => {
      await client.request({
        what: "reach the engine",
        method: "GET",
        path: "/_ping",
        deadlineMs: pingMs,
        signal,
      });
    },

    list: async (signal) => {
      const what = "list containers";
      const query = { all: true };
      const rows = await client.request({
        what,
        method: "GET",
        path: "/containers/json",
        query,
        deadlineMs: readMs,
        signal,
      });
      if (Array.isArray(rows)) return (rows as readonly ListJson[]).map((row) => listedContainer(row));
      throw new Ds01Error({ reason: "EngineFault", message: `cannot ${what}: the answer is not a list` });
    },

    inspect: async (idOrName, signal) => {
      const request = {
        method: "GET",
        path: containerPath(idOrName, "json"),
        deadlineMs: readMs,
        signal,
      } as const;
      const json = await unless(
        "ContainerNotFound",
        client.request({ what: `inspect ${inWords(idOrName)}`, ...request }),
      );
      return json === undefined ? undefined : observe(json as InspectJson, signal);
    },

    watch: (signal) => {
      const { watchPingIntervalMs: pingIntervalMs } = deadlines;
      const connected = (): void => {
        facts = undefined;
        hookMissing = false;
      };
      return watchEngine({ client, log, pingIntervalMs, pingDeadlineMs: pingMs, connected }, signal);
    },

    devices: async (signal) => engineDevices(await engineInfo(signal), hookMissing),

    ...imageCalls({ client, log, deadlines: { readMs, changeMs, ...deadlines } }),

    volume: async (name, signal) => {
      const what = `look for volume ${name}`;
      const path = `/volumes/${encodeURIComponent(name)}`;
      const json = await unless(
        "VolumeNotFound",
        client.request({ what, method: "GET", path, deadlineMs: readMs, signal }),
      );
      return json === undefined ? undefined : { labels: (json as VolumeJson).Labels ?? {} };
    },

    create: async (container, signal) => {
      const created = await change({
        what: `create ${container.name}`,
        method: "POST",
        path: "/containers/create",
        query: { name: container.name },
        body: translateContainer(container, await engineFacts(signal)),
        deadlineMs: changeMs,
        signal,
      });
      return (created as { Id: string }).Id;
    },

    start: async (idOrName, signal) => {
      const path = containerPath(idOrName, "start");
      const request = { method: "POST", path, accept: [304], deadlineMs: startMs, signal } as const;
      try {
        await change({ what: `start ${inWords(idOrName)}`, ...request });
      } catch (error) {
        hookMissing ||= saysHookMissing(error);
        throw error;
      }
    },

    pause: async (idOrName, signal) => {
      const path = containerPath(idOrName, "pause");
      const request = { method: "POST", path, deadlineMs: changeMs, signal } as const;
      await unless("AlreadyPaused", change({ what: `pause ${inWords(idOrName)}`, ...request }));
    },

    unpause: async (idOrName, signal) => {
      const path = containerPath(idOrName, "unpause");
      const request = { method: "POST", path, deadlineMs: changeMs, signal } as const;
      await unless("NotPaused", change({ what: `unpause ${inWords(idOrName)}`, ...request }));
    },

    stop: async (idOrName, graceMs, signal) => {
      const seconds = Math.ceil(graceMs / 1000);
      const deadlineMs = seconds * 1000 + deadlines.stopMarginMs;
      const path = containerPath(idOrName, "stop");
      const request = {
        method: "POST",
        path,
        query: { t: seconds },
        accept: [304, 404],
        deadlineMs,
        signal,
      } as const;
      await change({ what: `stop ${inWords(idOrName)}`, ...request });
    },

    remove: async (idOrName, signal) => {
      const query = { v: true, force: false };
      const request = { method: "DELETE", path: containerPath(idOrName), query, accept: [404] } as const;
      await change({ what: `remove ${inWords(idOrName)}`, ...request, deadlineMs: changeMs, signal });
    },

    rename: async (idOrName, name, signal) => {
      const path = containerPath(idOrName, "rename");
      const request = { method: "POST", path, query: { name }, deadlineMs: changeMs, signal } as const;
      await unless("NameUnchanged", change({ what: `rename ${inWords(idOrName)} to ${name}`, ...request }));
    },

    update: async (idOrName, update, signal) => {
      await refuseBelowUse(
        { client, path: containerPath(idOrName, "stats"), deadlineMs: readMs, signal },
        update,
      );
      const body = translateUpdate(update);
      const request = {
        method: "POST",
        path: containerPath(idOrName, "update"),
        body,
        deadlineMs: changeMs,
        signal,
      } as const;
      await change({ what: `update ${inWords(idOrName)}`, ...request });
    },
  };
}

function containerPath(idOrName: string, action?: string): string {
  const path = `/containers/${encodeURIComponent(idOrName)}`;
  return action === undefined ? path : `${path}/${action}`;
}

/** Ids are shown as `docker ps` shows them. */
function inWords(idOrName: string): string {
  return /^[0-9a-f]{64}$/.test(idOrName) ? idOrName.slice(0, 12) : idOrName;
}

function endedWithGpus(observed: ObservedContainer): boolean {
  if (observed.state !== "exited" && observed.state !== "dead") return false;
  const { all, ids } = observed.gpuClaims;
  return all || ids.length > 0 || (observed.labels[labelNames.gpuUuids] ?? "") !== "";
}
