import { readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { Configuration } from "../../api/configuration.ts";
import type { DeletionPolicy } from "../../api/names.ts";
import type { NotificationConfiguration } from "../../api/notification-configuration.ts";
import type { AccessPolicy } from "../../core/gpu-access.ts";
import type { InjectionChoice } from "../../core/schedule/injection.ts";
import {
  defaultVolumes,
  presetsOf,
  presetWithoutPlace,
  type VolumeSettings,
} from "../../core/presets/preset.ts";
import { apiSettings, webhookMistake, type ApiSettings } from "./api-settings.ts";
import { bothGiven, sourceSettings, type SourceSettings } from "./source-settings.ts";
import { sourceRoots } from "../spec/source-roots.ts";
import type { RegistryRow } from "../registry/credential-files.ts";
import { defaultHealthSettings, type HealthSettings } from "../../core/health/known-device.ts";
import type { IdleSettings } from "../../core/idle/idle-settings.ts";
import { idleSettings } from "./idle-settings.ts";
import { defaultPreemption, type PreemptionSettings } from "../../core/schedule/preemption.ts";
import { defaultStrategy, type Strategy } from "../../core/schedule/strategies.ts";
import { parseBytes } from "../../util/quantity.ts";
import { parseDuration } from "../../util/duration.ts";
import type { SharingRule } from "../../core/schedule/sharing.ts";
import { nearest } from "../../util/nearest.ts";
import { InvalidError, messageOf } from "../../util/errors.ts";

/** Everything the daemon needs to know, with defaults filled in and paths absolute. */
export interface Settings extends SourceSettings, ApiSettings {
  /** The configuration file, whether it is there or not. */
  readonly config: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly logDir: string;
  readonly dockerHost: string;
  readonly gpus: string;
  readonly injection: InjectionChoice;
  /** Milliseconds between two looks; null: none. */
  readonly accessProbeMs: number | null;
  readonly accessPolicy: AccessPolicy;
  readonly trust: "owner" | "path";
  readonly instance: string | undefined;
  readonly admins: { readonly users: readonly string[]; readonly groups: readonly string[] };
  readonly strategy: Strategy;
  readonly strategyOverrides: readonly Strategy[];
  readonly sharing: readonly SharingRule[];
  readonly cutsCards: boolean;
  readonly preemption: PreemptionSettings;
  readonly workers: number;
  readonly deletionPolicy: DeletionPolicy;
  readonly registries: readonly RegistryRow[];
  readonly builds: { readonly concurrent: number; readonly contextBytes: number };
  readonly cgroupRoot: string;
  readonly volumes: VolumeSettings;
  readonly health: HealthSettings;
  readonly idle: IdleSettings;
  readonly notifications: NotificationConfiguration;
  /** Where the kernel log is; null: it is not read. */
  readonly kernelLog: string | null;
}

/** What was given on the command line. */
export interface GivenSettings {
  readonly config?: string;
  readonly specs?: string;
  readonly stateDir?: string;
  readonly runDir?: string;
  readonly logDir?: string;
  readonly dockerHost?: string;
  readonly gpus?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settings from flags, variables, the configuration file and the defaults, in this order (CONTRACT 2). A named
 * file that is missing, and a file with a mistake, are InvalidError naming every problem.
 */
export async function readSettings(given: GivenSettings, environment: Environment): Promise<Settings> {
  const defaults = defaultPaths(environment);
  const named = given.config ?? environment["DS01_CONFIG"];
  const file = await readConfiguration(named ?? defaults.config, named !== undefined);
  const pick = (
    flag: string | undefined,
    variable: string,
    inFile: string | undefined,
    otherwise: string,
  ): string => flag ?? environment[variable] ?? inFile ?? otherwise;
  const config = resolve(named ?? defaults.config);
  const mistake =
    bothGiven(file.sources, given.specs ?? environment["DS01_SPECS"] ?? file.specs) ?? webhookMistake(file);
  if (mistake !== undefined) throw invalid(config, [mistake]);
  const from = sourceSettings(file.sources, pick(given.specs, "DS01_SPECS", file.specs, defaults.specs));
  const stateDir = resolve(pick(given.stateDir, "DS01_STATE_DIR", file.stateDir, defaults.stateDir));
  const runDir = resolve(pick(given.runDir, "DS01_RUN_DIR", file.runDir, defaults.runDir));
  const dockerHost = pick(given.dockerHost, "DOCKER_HOST", file.dockerHost, "unix:///var/run/docker.sock");
  return {
    config,
    ...from,
    stateDir,
    runDir,
    logDir: resolve(pick(given.logDir, "DS01_LOG_DIR", file.logDir, defaults.logDir)),
    dockerHost,
    gpus: pick(given.gpus, "DS01_GPUS", file.gpus, "auto"),
    ...gpuSettings(file),
    ...apiSettings(file),
    trust: file.trust ?? "owner",
    instance: file.instance,
    admins: adminsOf(file),
    ...allocationSettings(file),
    preemption: preemptionSettings(file.preemption),
    workers: file.workers ?? 4,
    deletionPolicy: file.prune?.deletionPolicy ?? "stop",
    ...imageSettings(file),
    cgroupRoot: file.cgroupRoot ?? "ds01",
    volumes: {
      ...volumeSettings(file, { specs: from.specs, runDir, dockerHost }),
      sourceRoots: sourceRoots(from.sources, stateDir),
    },
    ...healthSettings(file.health),
    idle: idleSettings(file.idle),
    notifications: file.notifications ?? {},
  };
}

function adminsOf({ admins }: Configuration): Settings["admins"] {
  return { users: admins?.users ?? [], groups: admins?.groups ?? [] };
}

function volumeSettings(
  { volumes, presets }: Pick<Configuration, "volumes" | "presets">,
  { specs, runDir, dockerHost }: Pick<Settings, "specs" | "runDir" | "dockerHost">,
): Settings["volumes"] {
  return {
    prefix: volumes?.prefix ?? defaultVolumes.prefix,
    presets: presetsOf(presets ?? {}, volumes?.mode),
    specsRoot: specs,
    // An engine on another machine mounts nothing of this one.
    ...(dockerHost.startsWith("unix:") ? { secretsRoot: join(runDir, "secrets") } : {}),
  };
}

function imageSettings({ registries, builds }: Configuration): Pick<Settings, "registries" | "builds"> {
  const contextBytes = parseBytes(builds?.contextSize ?? "1Gi") ?? 0;
  return { registries: registries ?? [], builds: { concurrent: builds?.concurrent ?? 2, contextBytes } };
}

function allocationSettings({
  allocation,
  sharing,
  mig,
}: Configuration): Pick<Settings, "strategy" | "strategyOverrides" | "sharing" | "cutsCards"> {
  return {
    strategy: allocation?.strategy ?? defaultStrategy,
    strategyOverrides: allocation?.allowOverride ?? [],
    sharing: sharing ?? [],
    cutsCards: mig?.dynamic ?? false,
  };
}

function preemptionSettings(given: Configuration["preemption"]): PreemptionSettings {
  const usual = defaultPreemption;
  return {
    noticeMs: parseDuration(given?.notice ?? "") ?? usual.noticeMs,
    minRuntimeMs: parseDuration(given?.minRuntime ?? "") ?? usual.minRuntimeMs,
    maxPerDay: given?.maxPerDay ?? usual.maxPerDay,
    reclaimHeld: given?.reclaimHeld ?? usual.reclaimHeld,
  };
}

function healthSettings(given: Configuration["health"]): Pick<Settings, "health" | "kernelLog"> {
  const usual = defaultHealthSettings;
  const health = {
    ...usual,
    retestMs: parseDuration(given?.retestAfter ?? "") ?? usual.retestMs,
    quietMs: parseDuration(given?.quietPeriod ?? "") ?? usual.quietMs,
    onUnhealthy: given?.onUnhealthy ?? usual.onUnhealthy,
    temperatureLimitCelsius: given?.temperatureLimit ?? usual.temperatureLimitCelsius,
  };
  const kernelLog = given?.kernelLog ?? "/dev/kmsg";
  return { health, kernelLog: kernelLog === "none" ? null : kernelLog };
}

function gpuSettings({
  gpuInjection = "auto",
  gpuAccess: { probe = "60s", onLost = "notify" } = {},
}: Configuration): Pick<Settings, "injection" | "accessProbeMs" | "accessPolicy"> {
  // `never` is no duration.
  return { injection: gpuInjection, accessProbeMs: parseDuration(probe) ?? null, accessPolicy: onLost };
}

function defaultPaths(
  environment: Environment,
): Record<"config" | "specs" | "stateDir" | "runDir" | "logDir", string> {
  if (userInfo().uid === 0) {
    return {
      config: "/etc/ds01/config.yaml",
      specs: "/srv/ds01/specs",
      stateDir: "/var/lib/ds01",
      runDir: "/run/ds01",
      logDir: "/var/log/ds01",
    };
  }
  const config = environment["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  const state = environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  const run = environment["XDG_RUNTIME_DIR"] ?? join(state, "run");
  return {
    config: join(config, "ds01", "config.yaml"),
    specs: join(config, "ds01", "specs"),
    stateDir: join(state, "ds01"),
    runDir: join(run, "ds01"),
    logDir: join(state, "ds01", "log"),
  };
}

async function readConfiguration(path: string, mustExist: boolean): Promise<Configuration> {
  const text = await readText(path, mustExist);
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax !== undefined) throw invalid(path, [syntax.message]);
  const at = (keys: readonly PropertyKey[]): string => placeOf(keys, document, lines);
  const parsed = Configuration.safeParse(document.toJS({ maxAliasCount: 10 }) ?? {});
  if (parsed.success) {
    const lost = presetWithoutPlace(parsed.data.presets ?? {});
    if (lost !== undefined) throw invalid(path, [`presets.${lost}: a new preset needs mountPath`]);
    return parsed.data;
  }
  const messages = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map(
          (key) =>
            `${at([...issue.path, key])}${unknownKey([...issue.path.map(String), key].join("."), key)}`,
        )
      : [`${at(issue.path)}${issue.path.join(".")}: ${issue.message}`],
  );
  throw invalid(path, messages);
}

/** `7:5: `, where the key or the nearest one above it stands; empty where the file does not have it at all. */
function placeOf(keys: readonly PropertyKey[], document: Document, lines: LineCounter): string {
  const node = keys.length === 0 ? undefined : document.getIn(keys, true);
  const start = isNode(node) ? node.range?.[0] : undefined;
  if (start === undefined) return keys.length === 0 ? "" : placeOf(keys.slice(0, -1), document, lines);
  const { line, col } = lines.linePos(start);
  return `${line}:${col}: `;
}

function unknownKey(where: string, key: string): string {
  const meant = nearest(key, Object.keys(Configuration.shape));
  return `${where}: unknown key${meant === undefined ? "" : `, did you mean "${meant}"?`}`;
}

async function readText(path: string, mustExist: boolean): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (missing && !mustExist) return "";
    throw invalid(path, [messageOf(error)]);
  }
}

function invalid(path: string, messages: readonly string[]): InvalidError {
  return new InvalidError({
    reason: "InvalidConfiguration",
    message: messages
      .map((message) => (/^\d+:\d+: /.test(message) ? `${path}:${message}` : `${path}: ${message}`))
      .join("\n"),
    remedy: "correct the configuration file; docs/configuration.md lists every key",
  });
}
