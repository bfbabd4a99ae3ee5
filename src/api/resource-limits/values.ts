import type { Topic } from "./topics.ts";
import { formatDuration, parseDuration } from "../../util/duration.ts";

/** What a written value becomes in a QuotaSpec, with a remark for its comment; why it becomes nothing; or what is wrong with it. */
export type Reading =
  | { readonly value: string | number | boolean; readonly remark?: string }
  | { readonly topic: Topic }
  | { readonly wrong: string };

const words = /^(?:null|none|never|indefinite|infinity|unlimited|)$/i;

/** Whether a value says that there is no limit: null, or a word that the scripts or systemd take so. */
function saysNoLimit(value: unknown): boolean {
  return value === null || (typeof value === "string" && words.test(value.trim()));
}

/** A value as messages show it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** A finite number, also one in quotes. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "string" && !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$/.test(value)) return undefined;
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** CPUs of a container as `docker run --cpus` takes them; 0 is no limit there. */
export function readCpus(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const cpus = numberOf(value);
  if (cpus === undefined || cpus < 0) {
    return {
      wrong: `${shown(value)} is not a number of CPUs; write one such as 8 or 0.5, or null for no limit`,
    };
  }
  return cpus === 0 ? { value: "unlimited", remark: "0 is no limit for Docker" } : { value: cpus };
}

/** Bytes as Docker writes them: `64g` and `64gb` are both 64 GiB; 0 is no limit there. */
export function readDockerBytes(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const match = /^\s*(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?\s*$/i.exec(String(value));
  if (match === null || typeof value === "boolean" || typeof value === "object") {
    return {
      wrong: `${shown(value)} is not a size; write it as Docker does, such as 32g or 512m, or null for no limit`,
    };
  }
  const bytes = bytesOf(match[1] ?? "", match[2] ?? "");
  if (bytes === 0) return { value: "unlimited", remark: "0 is no limit for Docker" };
  return bytes === undefined
    ? { wrong: `${shown(value)} is too large to be a size` }
    : { value: exactBytes(bytes) };
}

/** Memory and swap together; Docker takes -1 as unlimited. */
export function readMemorySwap(value: unknown): Reading {
  return numberOf(value) === -1 ? { value: "unlimited" } : readDockerBytes(value);
}

/** Bytes as systemd writes them: `96G` is 96 GiB. */
export function readSystemdBytes(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const match = /^\s*(\d+(?:\.\d+)?) ?([KMGTP]?)B?\s*$/i.exec(String(value));
  const bytes = match === null ? undefined : bytesOf(match[1] ?? "", match[2] ?? "");
  if (bytes !== undefined && bytes > 0 && typeof value !== "object") return { value: exactBytes(bytes) };
  const percent = /%\s*$/.test(String(value));
  return {
    wrong: percent
      ? `${shown(value)} is a share of the machine's memory, which is not known here; write the size, such as 96G`
      : `${shown(value)} is not a size; write it as systemd does, such as 96G`,
  };
}

/** CPUs of a `CPUQuota=`: `9600%` is 96. */
export function readCpuQuota(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const percent = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(String(value))?.[1];
  const cpus = Number(percent) / 100;
  if (cpus > 0) return { value: cpus };
  return { wrong: `${shown(value)} is not a share of CPU time; write it as systemd does: 9600% is 96 CPUs` };
}

/** Processes: 0 and -1 are no limit for Docker. */
export function readProcesses(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const count = numberOf(value);
  if (count === 0 || count === -1) return { value: "unlimited", remark: `${count} is no limit for Docker` };
  if (count !== undefined && Number.isSafeInteger(count) && count > 0) return { value: count };
  return {
    wrong: `${shown(value)} is not a number of processes; write a whole number, or null for no limit`,
  };
}

/** A number of containers; 0 is none at all. */
export function readContainers(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const count = numberOf(value);
  if (count !== undefined && Number.isSafeInteger(count) && count >= 0) return { value: count };
  return {
    wrong: `${shown(value)} is not a number of containers; write a whole number, or null for no limit`,
  };
}

/** GPU-equivalents or devices, from 0. */
export function readGpus(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "unlimited" };
  const count = numberOf(value);
  if (count !== undefined && count >= 0) return { value: count };
  return { wrong: `${shown(value)} is not a number of GPUs; write a number from 0, or null for no limit` };
}

/** The priority of the queue. */
export function readPriority(value: unknown): Reading {
  const priority = numberOf(value);
  if (priority === undefined)
    return { wrong: `${shown(value)} is not a priority; write a whole number from 0 to 100` };
  if (!Number.isInteger(priority) || priority < 0 || priority > 100) return { topic: "outOfRange" };
  return { value: priority, remark: "the last scripts ignored it, here it orders the queue" };
}

/** Host IPC: a quota grants it, a container asks for it. */
export function readIpcMode(value: unknown): Reading {
  if (value === "host") return { value: true, remark: "granted; a container asks for it with ipc: host" };
  if (value === null || value === "private" || value === "shareable") return { value: false };
  return { wrong: `${shown(value)} is not known here; write host or private` };
}

/** true or false, also as YAML 1.1 has them, which is what the scripts read: yes, no, on, off. */
export function readSwitch(value: unknown): Reading {
  if (typeof value === "boolean") return { value };
  if (typeof value === "string" && /^(?:yes|on|true)$/i.test(value)) return { value: true };
  if (typeof value === "string" && /^(?:no|off|false)$/i.test(value)) return { value: false };
  return { wrong: `${shown(value)} is not true or false` };
}

/** Some centuries; what is longer is a slip. */
const hoursMax = 10_000_000;

/** A time whose unit stands in the name of its key, in hours; one with a unit of its own keeps that. */
export function readHours(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "never" };
  const hours = numberOf(value);
  if (hours !== undefined && hours >= 0 && hours <= hoursMax) return { value: hoursText(hours) };
  const own = readDuration(value);
  if ("value" in own) return { ...own, remark: "the scripts did not understand a unit in this key" };
  return { wrong: `${shown(value)} is not a number of hours; write one such as 24 or 0.5, or null for none` };
}

/** A time with its unit, as older scripts had it: `0.5h`, `30m`. */
export function readDuration(value: unknown): Reading {
  if (saysNoLimit(value)) return { value: "never" };
  const bare = numberOf(value);
  if (bare !== undefined) {
    return {
      wrong: `${shown(value)} has no unit (the scripts took it as seconds); write ${bare}h, ${bare}m or ${bare}s`,
    };
  }
  const text = typeof value === "string" ? value.replaceAll(/\s/g, "").toLowerCase() : "";
  const ms = parseDuration(text);
  if (ms === undefined || ms > hoursMax * 3_600_000)
    return { wrong: `${shown(value)} is not a time; write one such as 24h or 30m, or null for none` };
  const hours = /^(\d+(?:\.\d+)?)h$/.exec(text)?.[1];
  return { value: hours === undefined ? text : hoursText(Number(hours)) };
}

/** Whole hours stay hours, for that is how people know their limit; 0.25 is `15m`. */
function hoursText(hours: number): string {
  if (hours === 0) return "0s";
  return Number.isInteger(hours) ? `${hours}h` : formatDuration(Math.max(1000, hours * 3_600_000));
}

/** The scripts' sizes are all binary: a `k` is 1024. */
function bytesOf(amount: string, unit: string): number | undefined {
  const power = unit === "" ? 0 : "kmgtp".indexOf(unit.toLowerCase()) + 1;
  const bytes = Math.round(Number(amount) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** In the largest unit that loses nothing: `1.5g` is `1536Mi`. */
function exactBytes(bytes: number): string {
  const units = ["Ti", "Gi", "Mi", "Ki"].map((unit, index) => ({ unit, factor: 1024 ** (4 - index) }));
  const fitting = units.find(({ factor }) => bytes % factor === 0);
  return fitting === undefined ? String(bytes) : `${bytes / fitting.factor}${fitting.unit}`;
}
