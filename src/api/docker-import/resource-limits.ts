import { meantText, dockerBytes, exactQuantity } from "./docker-values.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";
import { Ulimit } from "../ulimit.ts";

type Amount = number | "unlimited";

/** Names of ulimits that a spec knows. */
const ulimitNames: readonly string[] = Ulimit.shape.name.options;

/** `--memory`: bytes at most; Docker gives as much swap again where nothing is said of it. */
export function readMemory(draft: ContainerDraft, text: string, origin: Origin): void {
  const bytes = bytesOf(draft, text, origin);
  if (bytes === undefined) return;
  draft.spec.resources = { ...draft.spec.resources, memory: exactQuantity(bytes) };
  draft.mark("spec.resources.memory", origin, "no swap beside it; Docker adds as much again");
}

/** `--memory-swap`: memory and swap together, so that the same as the memory is none. */
export function readMemorySwap(draft: ContainerDraft, text: string, origin: Origin): void {
  draft.swap = { text, origin };
}

/** `--shm-size` */
export function readShmSize(draft: ContainerDraft, text: string, origin: Origin): void {
  const bytes = bytesOf(draft, text, origin);
  if (bytes === undefined) return;
  draft.spec.resources = { ...draft.spec.resources, shmSize: exactQuantity(bytes) };
  draft.mark("spec.resources.shmSize", origin);
}

/** `--cpus`; 0 is no limit. */
export function readCpus(draft: ContainerDraft, text: string, origin: Origin): void {
  const cpus = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(cpus)) return draft.problem(origin, `"${text}" is not a number of CPUs, such as 2 or 0.5`);
  if (cpus === 0) return draft.leaveOut(origin, "noLimit", text);
  draft.spec.resources = { ...draft.spec.resources, cpus };
  draft.mark("spec.resources.cpus", origin);
}

/** `--cpu-quota` and `--cpu-period`, in microseconds: the first by the second is a number of CPUs. */
export function readCpuTime(
  draft: ContainerDraft,
  part: "quota" | "period",
  text: string,
  origin: Origin,
): void {
  if (!/^-?\d+$/.test(text)) return draft.problem(origin, `"${text}" is not a whole number of microseconds`);
  const us = Number(text);
  if (us <= 0) return part === "quota" ? draft.leaveOut(origin, "noLimit", text) : undefined;
  if (part === "quota") draft.cpuTime.quota = { us, origin };
  else draft.cpuTime.periodUs = us;
}

/** `--cpus` wins, for Docker refuses the two together. */
export function finishCpus(draft: ContainerDraft): void {
  const { quota, periodUs } = draft.cpuTime;
  if (quota === undefined || draft.spec.resources?.cpus !== undefined) return;
  const cpus = Math.round((quota.us / periodUs) * 1e6) / 1e6;
  draft.spec.resources = { ...draft.spec.resources, cpus };
  draft.mark("spec.resources.cpus", quota.origin, `${quota.us} of ${periodUs} microseconds`);
}

/** `--pids-limit`; -1 and 0 are no limit. */
export function readPidsLimit(draft: ContainerDraft, text: string, origin: Origin): void {
  if (!/^-?\d+$/.test(text)) return draft.problem(origin, `"${text}" is not a whole number`);
  if (Number(text) <= 0) return draft.leaveOut(origin, "noLimit", text);
  draft.spec.resources = { ...draft.spec.resources, pidsLimit: Number(text) };
  draft.mark("spec.resources.pidsLimit", origin);
}

/** `--ulimit name=soft[:hard]`; -1 is unlimited, and of one name the last counts. */
export function readUlimit(draft: ContainerDraft, text: string, origin: Origin): void {
  const match = /^([a-z]+)=(-1|\d+|unlimited)(?::(-1|\d+|unlimited))?$/.exec(text);
  if (match === null) {
    return draft.problem(origin, `"${text}" is not a ulimit; write it as in nofile=1024:4096`);
  }
  const [, name = "", soft = "", hard = soft] = match;
  if (!isUlimitName(name)) {
    return draft.problem(origin, `"${name}" is not a ulimit${meantText(name, ulimitNames)}`);
  }
  const others = (draft.spec.resources?.ulimits ?? []).filter((ulimit) => ulimit.name !== name);
  const ulimits = [...others, { name, soft: amountOf(soft), hard: amountOf(hard) }];
  draft.spec.resources = { ...draft.spec.resources, ulimits };
  draft.mark("spec.resources.ulimits", origin);
}

/** How much of memory and swap together is swap is known only when both are. */
export function finishMemory(draft: ContainerDraft): void {
  if (draft.swap === null) return;
  const { text, origin } = draft.swap;
  const bytes = text === "-1" ? -1 : dockerBytes(text);
  const memory = draft.spec.resources?.memory;
  if (bytes === undefined) return draft.problem(origin, sizeText(text));
  // As much as the memory is no swap, which is what ds01 does anyway; 0 is as if nothing were said.
  if (bytes === 0 || (bytes > 0 && exactQuantity(bytes) === memory)) return;
  if (memory === undefined)
    return draft.problem(origin, "needs a limit of memory; Docker refuses it without");
  draft.spec.resources = {
    ...draft.spec.resources,
    memorySwap: bytes < 0 ? "unlimited" : exactQuantity(bytes),
  };
  draft.mark("spec.resources.memorySwap", origin);
  draft.comments.delete("spec.resources.memory");
}

function bytesOf(draft: ContainerDraft, text: string, origin: Origin): number | undefined {
  const bytes = dockerBytes(text);
  if (bytes === undefined) draft.problem(origin, sizeText(text));
  else if (bytes === 0) draft.leaveOut(origin, "noLimit", text);
  return bytes === 0 ? undefined : bytes;
}

function sizeText(text: string): string {
  return `"${text}" is not a size; write it as Docker does, such as 32g or 512m`;
}

function amountOf(text: string): Amount {
  return text === "-1" || text === "unlimited" ? "unlimited" : Number(text);
}

function isUlimitName(name: string): name is Ulimit["name"] {
  return ulimitNames.includes(name);
}
