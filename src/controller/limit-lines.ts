import type { LimitLine, LimitsAnswer, UserUsageLine } from "../api/limits-answer.ts";
import type { HostView } from "../core/host-view.ts";
import { effectiveLimits } from "../core/quota/effective.ts";
import { formatGpuEquivalents } from "../core/quota/gpu-equivalents.ts";
import type { ResolvedQuota, Sourced } from "../core/quota/limits.ts";
import { ulimitText } from "../core/quota/ulimits.ts";
import { formatDuration } from "../util/duration.ts";
import { formatBytes } from "../util/quantity.ts";
import { line, placeOf, plain, type Title } from "./limit-line.ts";
import { ioArgs, ioLines, memorySwapLine } from "./swap-and-io-lines.ts";
import { policyLines } from "./policy-lines.ts";

/** What a user may have, in the rows that people know from earlier tools, each with its place. */
export function limitsAnswer(
  quota: ResolvedQuota,
  groups: readonly string[],
  quotaPath: string | null,
  parent: string | null,
): LimitsAnswer {
  const usual = effectiveLimits({}, quota, () => "");
  const most = quota.maximums;
  const limits: readonly LimitLine[] = [
    plain("user", "User", quota.user, "-"),
    plain("group", "Group", quota.primary ?? "-", quotaPath ?? "built-in"),
    line(["priority", "Priority"], quota.priority, String),
    line(["maxMigInstances", "Max MIG Instances"], quota.gpuNominal, equivalents),
    line(["gpuBorrowing", "Borrowed GPUs"], quota.gpuBorrowingLimit, equivalents),
    line(["gpuLending", "Lent GPUs"], quota.gpuLendingLimit, equivalents, "all that is unused"),
    line(["cohort", "Cohort"], quota.cohort, String, "-"),
    line(["maxGpusPerContainer", "Max GPUs per Container"], quota.gpuMaxPerContainer, equivalents),
    line(["allowFullGpu", "Whole GPUs"], quota.allowFullGpu, (value) => (value ? "allowed" : "not allowed")),
    line(["gpuProfiles", "MIG Profiles"], quota.gpuProfiles, (value) => value.join(", "), "all"),
    bounded(["maxCpus", "Max CPUs"], most.cpus, usual.cpus, String),
    bounded(["memory", "Memory"], most.memoryBytes, usual.memoryBytes, formatBytes),
    memorySwapLine(quota, usual),
    bounded(["sharedMemory", "Shared Memory"], most.shmSizeBytes, usual.shmSizeBytes, formatBytes),
    bounded(["maxProcesses", "Max Processes"], most.pidsLimit, usual.pidsLimit, String),
    ulimitLine(usual),
    ...ioLines(quota, usual),
    line(["cpusTogether", "CPUs Together"], quota.aggregate.cpus, String),
    line(["memoryTogether", "Memory Together"], quota.aggregate.memoryBytes, formatBytes),
    line(["processesTogether", "Processes Together"], quota.aggregate.pids, String),
    line(["maxContainers", "Max Containers"], quota.maxContainers, String),
    line(["maxRuntime", "Max Runtime"], quota.maxRuntimeMs, formatDuration, "never ends"),
    line(["idleTimeout", "Idle Timeout"], quota.idleTimeoutMs, formatDuration, "never"),
    line(["gpuHoldAfterStop", "GPU Hold After Stop"], quota.holdGpuAfterStopMs, formatDuration, "for ever"),
    line(
      ["containerHoldAfterStop", "Container Hold After Stop"],
      quota.removeAfterStopMs,
      formatDuration,
      "for ever",
    ),
    ...policyLines(quota),
  ];
  return { user: quota.user, groups, quota: quota.primary, limits, dockerArgs: dockerArgs(usual, parent) };
}

/** What one user uses, against what they may. */
export function userUsageLine(user: string, view: HostView): UserUsageLine {
  const quota = view.quotaOf(user);
  const { containers, gpuEquivalents, holders } = view.usage(user, null);
  const devices = [...view.claims.values()]
    .filter(({ namespace }) => namespace === user)
    .flatMap(({ deviceUuids }) => deviceUuids.map((uuid) => view.slots.get(uuid) ?? uuid));
  return {
    user,
    quota: quota.primary,
    containers,
    maxContainers: quota.maxContainers.value,
    gpuEquivalents,
    nominalGpuEquivalents: quota.gpuNominal.value,
    devices: devices.toSorted(),
    holders,
  };
}

/** What a container gets that names none of them. */
function ulimitLine({ ulimits }: ReturnType<typeof effectiveLimits>): LimitLine {
  const texts = ulimits.map(ulimitText);
  const [first] = ulimits;
  const row = plain("ulimits", "Ulimits", null, first === undefined ? "built-in" : placeOf(first.origin));
  return { ...row, value: texts, text: texts.join(" ") || "the engine's" };
}

/** A bound that a spec may go up to, and what it gets without a word. */
function bounded(
  title: Title,
  most: Sourced<number | null>,
  usual: Sourced<number | null>,
  show: (value: number) => string,
): LimitLine {
  const isLess = usual.value !== null && usual.value !== most.value;
  const found = line(title, most, show);
  if (!isLess || usual.value === null) return found;
  return { ...found, default: `${show(usual.value)} (${placeOf(usual.origin)})` };
}

function equivalents(value: number): string {
  return `${formatGpuEquivalents(value)} GPU-equivalents`;
}

/** As ds01 itself passes them, in the cgroup of the user where there is one. */
function dockerArgs(usual: ReturnType<typeof effectiveLimits>, parent: string | null): readonly string[] {
  const { cpus, memoryBytes, memorySwapBytes, shmSizeBytes, pidsLimit } = usual;
  return [
    ...(cpus.value === null ? [] : [`--cpus=${cpus.value}`]),
    ...(memoryBytes.value === null
      ? []
      : [`--memory=${memoryBytes.value}`, `--memory-swap=${memorySwapBytes.value ?? -1}`]),
    ...(shmSizeBytes.value === null ? [] : [`--shm-size=${shmSizeBytes.value}`]),
    ...(pidsLimit.value === null ? [] : [`--pids-limit=${pidsLimit.value}`]),
    ...usual.ulimits.map((ulimit) => `--ulimit=${ulimitText(ulimit)}`),
    ...ioArgs(usual),
    ...(parent === null ? [] : [`--cgroup-parent=${parent}`]),
  ];
}
