import type { WrittenSpec } from "../../api/docker-import/container-draft.ts";
import { isReservedVariable, variableName } from "../../api/environment.ts";
import { formatDuration } from "../../util/duration.ts";
import type { ContainerHealthCheck, ObservedConfiguration, ObservedContainer } from "../observed.ts";
import type { AdoptionNote } from "./adoption-note.ts";
import { lostNote } from "./adoption-note.ts";
import type { FurtherSettings, ImageDefaults } from "./further-settings.ts";

type Part = { readonly fields: WrittenSpec; readonly notes: readonly AdoptionNote[] };

/** The fields about the first process: what is as the image says stays unsaid. */
export function processFields(
  { id, config }: Pick<ObservedContainer, "id" | "config">,
  { image, stopTimeoutSeconds }: FurtherSettings,
): Part {
  const notes: AdoptionNote[] = [];
  return {
    fields: {
      ...commandFields(config, image),
      ...workingDirField(config, image),
      ...terminalFields(config),
      ...signalField(config, image, notes),
      ...healthField(config.process.healthCheck, image),
      ...hostnameField(id, config),
      ...hostAliases(config.process.extraHosts, notes),
      ...userField(config, image, notes),
      ...environmentField(config, image, notes),
      // Docker's own default, which is shorter than that of ds01.
      stopGracePeriod: `${stopTimeoutSeconds ?? 10}s`,
    },
    notes,
  };
}

function workingDirField({ workingDir }: ObservedConfiguration, image: ImageDefaults | null): WrittenSpec {
  return workingDir === "" || workingDir === image?.workingDir ? {} : { workingDir };
}

function terminalFields({ process: { tty, stdin, init } }: ObservedConfiguration): WrittenSpec {
  return {
    ...(tty ? { tty } : {}),
    ...(stdin ? { stdin } : {}),
    ...(init === null ? {} : { init }),
  };
}

function signalField(
  { process: { stopSignal } }: ObservedConfiguration,
  image: ImageDefaults | null,
  notes: AdoptionNote[],
): WrittenSpec {
  if (stopSignal === null || stopSignal === image?.stopSignal) return {};
  if (/^SIG[A-Z0-9+-]+$/.test(stopSignal)) return { stopSignal };
  notes.push(lostNote("stopSignal", `it is ended with ${stopSignal}`));
  return {};
}

/** Who says an entrypoint says nothing of the image's arguments any more. */
function commandFields(
  { entrypoint, command }: ObservedConfiguration,
  image: ImageDefaults | null,
): WrittenSpec {
  const own = image === null || !sameWords(entrypoint, image.entrypoint);
  const isImages = image !== null && !own && sameWords(command, image.command);
  return {
    ...(own && entrypoint.length > 0 ? { command: [...entrypoint] } : {}),
    ...(isImages || command.length === 0 ? {} : { args: [...command] }),
  };
}

function userField(
  { user }: ObservedConfiguration,
  image: ImageDefaults | null,
  notes: AdoptionNote[],
): WrittenSpec {
  if (user === "" || user === image?.user) return {};
  if (/^(?:root|\d+(?::\d+)?)$/.test(user)) return { user };
  notes.push(lostNote("user", `it runs as "${user}", a name inside its image`));
  return {};
}

/** Docker makes one up of the id; on the host's network it is the host's. */
function hostnameField(id: string, { process: { hostname }, network }: ObservedConfiguration): WrittenSpec {
  if (hostname === null || network === "host" || id.startsWith(hostname)) return {};
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(hostname) ? { hostname } : {};
}

function environmentField(
  { environment }: ObservedConfiguration,
  image: ImageDefaults | null,
  notes: AdoptionNote[],
): WrittenSpec {
  const own = Object.entries(environment).filter(
    ([name, value]) => image?.environment[name] !== value && !isReservedVariable(name),
  );
  const odd = own.filter(([name]) => !variableName.test(name));
  notes.push(...odd.map(([name]) => lostNote("env", `it has a variable called "${name}"`)));
  const env = own.flatMap(([name, value]) => (odd.some(([one]) => one === name) ? [] : { name, value }));
  return env.length === 0 ? {} : { env };
}

function hostAliases(lines: readonly string[], notes: AdoptionNote[]): WrittenSpec {
  const byAddress = new Map<string, string[]>();
  for (const line of lines) {
    const [, name = "", ip = ""] = /^([^:]*):(.*)$/.exec(line) ?? [];
    if (!/^[0-9a-f.:]+$/i.test(ip)) notes.push(lostNote("hostAliases", `it knows ${name} as ${ip}`));
    else byAddress.set(ip, [...(byAddress.get(ip) ?? []), name]);
  }
  if (byAddress.size === 0) return {};
  return { hostAliases: [...byAddress].map(([ip, hostnames]) => ({ ip, hostnames })) };
}

function healthField(check: ContainerHealthCheck, image: ImageDefaults | null): WrittenSpec {
  const { test, intervalMs, timeoutMs, startPeriodMs, retries } = check;
  if (test === null || sameWords(test, image?.healthTest ?? [])) return {};
  const [kind, ...words] = test;
  if (kind === "NONE") return { healthCheck: { disabled: true } };
  if (kind !== "CMD" && kind !== "CMD-SHELL") return {};
  return {
    healthCheck: {
      command: kind === "CMD" ? words : ["/bin/sh", "-c", words.join(" ")],
      ...(intervalMs === null ? {} : { interval: formatDuration(intervalMs) }),
      ...(timeoutMs === null ? {} : { timeout: formatDuration(timeoutMs) }),
      ...(startPeriodMs === null ? {} : { startPeriod: formatDuration(startPeriodMs) }),
      ...(retries === null ? {} : { retries }),
    },
  };
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}
