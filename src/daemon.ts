import { randomUUID } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { contextFiles } from "./adapters/build/context-files.ts";
import { packageVersion } from "./adapters/config/package-version.ts";
import { protectedPaths } from "./adapters/config/protected-paths.ts";
import { readSettings, type GivenSettings, type Settings } from "./adapters/config/read-configuration.ts";
import { webhookSecrets } from "./adapters/git/webhook-secrets.ts";
import { dockerAccess } from "./adapters/docker/access.ts";
import { deviceAccess } from "./adapters/docker/device-access.ts";
import { containerSettings } from "./adapters/docker/container-settings.ts";
import { dockerFiles } from "./adapters/docker/container-files.ts";
import { dockerRuntime } from "./adapters/docker/runtime.ts";
import { TimeSlicedProvider } from "./adapters/gpu/time-sliced.ts";
import { deviceProvider } from "./adapters/gpu/registry.ts";
import { kernelLog } from "./adapters/host/kernel-log.ts";
import { ownerFiles } from "./adapters/host/owner-files.ts";
import { peerCredentials } from "./adapters/host/peer-credentials.ts";
import { notifyService } from "./adapters/host/service-notify.ts";
import { systemClock } from "./adapters/host/system-clock.ts";
import { systemHostPaths } from "./adapters/host/system-host-paths.ts";
import { localEnginePorts } from "./adapters/host/local-engine-ports.ts";
import { machineId } from "./adapters/host/machine-id.ts";
import { systemIdentity } from "./adapters/host/system-identity.ts";
import { eventJournal } from "./adapters/log/event-journal.ts";
import { createLog } from "./adapters/log/pino-log.ts";
import { publishedViews } from "./adapters/log/published-views.ts";
import { credentialFiles } from "./adapters/registry/credential-files.ts";
import { noticeChannels } from "./adapters/notify/channels.ts";
import { sourcesWriter, specSources } from "./adapters/spec/sources.ts";
import { DeviceNotesFile } from "./adapters/store/device-notes-file.ts";
import { FileStore } from "./adapters/store/file-store.ts";
import { acquireInstanceLock, AnotherController } from "./adapters/store/instance-lock.ts";
import { stateDocuments } from "./adapters/store/state-documents.ts";
import { removeUnfinishedFiles } from "./adapters/store/unfinished-files.ts";
import { scratchCopy } from "./adapters/store/scratch-copy.ts";
import { doorSecrets } from "./adapters/tls/door-secrets.ts";
import { instanceName } from "./controller/instance-name.ts";
import { ControllerManager } from "./controller/manager.ts";
import { rootOfSource } from "./core/presets/preset.ts";
import type { Identity } from "./ports/identity.ts";
import type { InstanceLock } from "./ports/lock.ts";
import type { Log } from "./ports/log.ts";
import { startApiServer } from "./server/api-server.ts";
import { Ds01Error, messageOf } from "./util/errors.ts";

/** Flags of `ds01 controller`. */
export interface ControllerFlags extends GivenSettings {
  readonly once: boolean;
  readonly dryRun: boolean;
  readonly logFormat: "json" | "pretty";
}

/** Exit codes of the controller (CONTRACT 4). */
const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  engineUnreachable: 69,
  anotherController: 75,
  stateTooNew: 78,
} as const;

/** How often `--once` looks whether everything has settled. */
const settlePollMs = 50;

/** Runs the controller until SIGTERM or SIGINT; resolves with the exit code. The only place that names adapters. */
export async function runController(flags: ControllerFlags): Promise<number> {
  const log = createLog({ format: flags.logFormat, level: "info" });
  try {
    const settings = await readSettings(flags, process.env);
    return await runWith(settings, flags, log);
  } catch (error) {
    return explainStart(error, log);
  }
}

async function runWith(settings: Settings, flags: ControllerFlags, log: Log): Promise<number> {
  for (const directory of [settings.stateDir, settings.runDir, settings.logDir]) {
    await mkdir(directory, { recursive: true });
  }
  const lock = await acquireInstanceLock({ stateDir: settings.stateDir, log });
  const stopping = new AbortController();
  let code: number = exitCodes.done;
  lock.onLost(() => {
    log.error({ reason: "LockLost" }, "another controller has taken over the state directory");
    code = exitCodes.anotherController;
    stopping.abort();
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
  const instance = settings.instance ?? (await ownInstance(settings.stateDir));
  // A dry run works on a copy of the state and keeps no log: everything stays as the last run has left it.
  const scratch = flags.dryRun ? await scratchCopy(settings.stateDir, settings.runDir) : null;
  const kept = scratch === null ? {} : { stateDir: scratch.directory, logDir: scratch.directory };
  try {
    const served = { ...settings, ...kept, instance };
    const outcome = await serve(served, {
      flags,
      log,
      lock,
      signal: stopping.signal,
      stop: () => stopping.abort(),
    });
    return code === exitCodes.done ? outcome : code;
  } finally {
    await scratch?.remove();
    await lock.release();
  }
}

interface Run {
  readonly flags: ControllerFlags;
  readonly log: Log;
  readonly lock: InstanceLock;
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

async function serve(settings: Settings & { readonly instance: string }, run: Run): Promise<number> {
  const { log, lock, signal, flags } = run;
  const identity = systemIdentity();
  await removeUnfinishedFiles(settings.stateDir, log);
  const store = new FileStore({ stateDir: settings.stateDir, log, mayWrite: () => lock.held() });
  const manager = new ControllerManager(await ports(settings, { ...run, identity, store }), {
    instance: settings.instance,
    strategy: settings.strategy,
    injection: settings.injection,
    accessProbeMs: settings.accessProbeMs,
    accessPolicy: settings.accessPolicy,
    protectedPaths: protectedPaths(settings),
    strategyOverrides: settings.strategyOverrides,
    preemption: settings.preemption,
    cutsCards: settings.cutsCards,
    deletionPolicy: settings.deletionPolicy,
    workers: settings.workers,
    concurrentBuilds: settings.builds.concurrent,
    health: settings.health,
    idle: settings.idle,
    ...(settings.notifications.reasons === undefined
      ? {}
      : { noticeReasons: settings.notifications.reasons }),
    dryRun: flags.dryRun,
    cgroupRoot: settings.cgroupRoot,
    volumes: settings.volumes,
    ...(settings.dockerHost.startsWith("unix:") ? { machineCpus: cpus().length } : {}),
  });
  const server = await startApiServer({
    socketPath: join(settings.runDir, "ds01.sock"),
    control: manager.controlPlane(),
    writer: sourcesWriter({ ...settings, identity }),
    containers: dockerAccess({ dockerHost: settings.dockerHost }),
    identity,
    clock: systemClock,
    log,
    peerCredentials,
    access: {
      ...settings.admins,
      controllerUid: process.getuid?.() ?? 0,
      visibility: settings.visibility,
    },
    version: await packageVersion(),
    ...(settings.webhook === null
      ? {}
      : { webhook: { ...settings.webhook, secretOf: webhookSecrets(settings.sources) } }),
    ...(settings.httpsPort === null
      ? {}
      : { https: { port: settings.httpsPort, secrets: await doorSecrets(settings.stateDir, systemClock) } }),
  });
  try {
    // Whichever fails first ends the other one; nothing is closed before both have ended.
    const ended = await Promise.allSettled([
      manager.run(signal).finally(run.stop),
      announceReady(manager, run).catch((error: unknown) => {
        run.stop();
        throw error;
      }),
    ]);
    for (const outcome of ended) if (outcome.status === "rejected") throw outcome.reason;
    return ended[1].status === "fulfilled" ? ended[1].value : exitCodes.failed;
  } finally {
    await server.close();
    await store.close();
  }
}

async function ports(
  settings: Settings,
  run: Run & { readonly identity: Identity; readonly store: FileStore },
): Promise<ConstructorParameters<typeof ControllerManager>[0]> {
  const { log, lock, identity, store } = run;
  const containers = dockerAccess({ dockerHost: settings.dockerHost });
  return {
    runtime: dockerRuntime({ dockerHost: settings.dockerHost, log }),
    containerFiles: dockerFiles({ dockerHost: settings.dockerHost }),
    containerLogs: containers,
    deviceAccess: deviceAccess({ containers }),
    provider: new TimeSlicedProvider(
      deviceProvider(settings.gpus, {
        userName: async (uid) => (await identity.userByUid(uid))?.name ?? null,
      }),
      settings.sharing,
    ),
    sources: specSources({ ...settings, identity, log }),
    store,
    notebook: new DeviceNotesFile({ stateDir: settings.stateDir, log, mayWrite: () => lock.held() }),
    stateWritable: () => store.writable(),
    clock: systemClock,
    log,
    identity,
    registries: credentialFiles({
      rows: settings.registries,
      identity,
      log,
      ownUid: process.getuid?.() ?? 0,
    }),
    buildContexts: contextFiles({
      rootOf: (source) => rootOfSource(settings.volumes, source),
      identity,
      maximumBytes: settings.builds.contextBytes,
      maximumEntries: 100_000,
    }),
    hostPaths: systemHostPaths,
    ownerFiles: ownerFiles(),
    views: publishedViews({
      stateDir: settings.stateDir,
      logDir: settings.logDir,
      log,
      mayWrite: () => lock.held(),
    }),
    journal: await eventJournal({ path: join(settings.logDir, "events.jsonl"), log, historyLimit: 1000 }),
    lock,
    ...stateDocuments({ stateDir: settings.stateDir, log, mayWrite: () => lock.held() }),
    containerSettings: containerSettings({ dockerHost: settings.dockerHost }),
    ...localEnginePorts(settings.volumes.secretsRoot),
    notices: noticeChannels(settings.notifications),
    ...(settings.kernelLog === null ? {} : { kernelLog: kernelLog({ path: settings.kernelLog }) }),
    newUid: randomUUID,
  };
}

/** Says when it is ready; with `--once` waits until everything has settled, ends the run and judges. */
async function announceReady(manager: ControllerManager, { flags, log, signal, stop }: Run): Promise<number> {
  await until(() => manager.ready(), signal);
  if (signal.aborted) return exitCodes.done;
  log.info({ reason: "Ready" }, "ready");
  await notifyService("READY=1", log);
  if (!flags.once) return exitCodes.done;
  await until(() => manager.settled(), signal);
  const outcome = outcomeOf(manager);
  stop();
  return outcome;
}

function outcomeOf(manager: ControllerManager): number {
  if (!manager.engineReady()) return exitCodes.engineUnreachable;
  return manager.asDeclared() ? exitCodes.done : exitCodes.failed;
}

async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition() && !signal.aborted) {
    await new Promise<void>((resolve) => systemClock.callAt(systemClock.now() + settlePollMs, resolve));
  }
}

/** Stable over restarts and a lost state directory: this machine and where the state stands. */
async function ownInstance(stateDir: string): Promise<string> {
  return instanceName(await machineId(), await realpath(stateDir));
}

function explainStart(error: unknown, log: Log): number {
  const known = error instanceof Ds01Error;
  const remedy = known ? error.remedy : undefined;
  log.error(
    {
      reason: known ? error.reason : "Fault",
      ...(remedy === undefined ? {} : { remedy }),
      ...(known ? {} : { err: error }),
    },
    messageOf(error),
  );
  if (error instanceof AnotherController) return exitCodes.anotherController;
  if (known && error.reason === "StateTooNew") return exitCodes.stateTooNew;
  return known && (error.reason === "InvalidConfiguration" || error.reason === "UnknownGpuProvider")
    ? exitCodes.usage
    : exitCodes.failed;
}
