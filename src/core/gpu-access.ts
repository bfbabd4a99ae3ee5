import type { ContainerSpecSpec } from "../api/container.ts";
import { restartBackoff, restartDelayMs } from "../util/backoff.ts";
import { startOf } from "./container-clock.ts";
import { formatTime } from "./format-time.ts";
import type { ObservedContainer } from "./observed.ts";
import type { World } from "./world.ts";

/** What to do about a container that can no longer open its GPUs. */
export type AccessPolicy = "notify" | "restart" | "recreate";

/** One run of a container that can no longer open its GPUs although they are there. */
export interface AccessLoss {
  readonly containerId: string;
  /** Of the run it was seen in (milliseconds since the epoch): the next one starts with access again. */
  readonly startedAt: number | null;
  /** When it was found out (milliseconds since the epoch). */
  readonly seenAt: number;
  /** The device node that is refused. */
  readonly node: string;
}

/** What was done about lost access in a row; forgotten after ten minutes of running with access. */
export interface AccessTries {
  readonly count: number;
  /** Start of the run that the last one ended: what is done about it may take several passes. */
  readonly runStartedAt: number | null;
}

/** A container that has lost its GPUs, and what is done about it. */
export interface LostAccess {
  readonly loss: AccessLoss;
  readonly policy: AccessPolicy;
  readonly tries: AccessTries;
  /** When it is started again or replaced; null when it is left alone. */
  readonly dueAt: number | null;
}

/** What is known about access to GPUs inside running containers. */
export interface GpuAccess {
  readonly lost: readonly AccessLoss[];
  /** Of those whose spec says nothing. */
  readonly policy: AccessPolicy;
}

/** What ends it for good, for admins (NVIDIA's own advice). */
export const permanentFix =
  'pass GPUs in by CDI (Docker 28.2 or newer: `nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml`), or use Docker\'s own cgroups ({"exec-opts": ["native.cgroupdriver=cgroupfs"]} in /etc/docker/daemon.json)';

/** That the primary has lost its GPUs in this run, with what to do about it; null when it has not. */
export function lostAccess(
  { gpuAccess }: World,
  spec: ContainerSpecSpec,
  primary: ObservedContainer | null,
  remembered: AccessTries,
): LostAccess | null {
  if (primary?.state !== "running") return null;
  const loss = gpuAccess.lost.find(
    ({ containerId, startedAt }) => containerId === primary.id && startedAt === primary.startedAt,
  );
  if (loss === undefined) return null;
  const policy = spec.lifecycle?.onGpuAccessLost ?? gpuAccess.policy;
  const tries = lastingTries(remembered, primary, loss.seenAt);
  const isUnderWay = tries.count > 0 && tries.runStartedAt === loss.startedAt;
  const dueAt = loss.seenAt + (isUnderWay ? 0 : restartDelayMs(tries.count));
  return { loss, policy, tries, dueAt: policy === "notify" ? null : dueAt };
}

/** The tries that still count when the container has had access until then. */
export function lastingTries(
  tries: AccessTries,
  container: Pick<ObservedContainer, "startedAt" | "finishedAt" | "reckoned">,
  until: number,
): AccessTries {
  const startedAt = startOf(container);
  if (tries.count === 0 || startedAt === null || tries.runStartedAt === container.startedAt) return tries;
  return until - startedAt >= restartBackoff.forgetAfterMs ? noTries : tries;
}

/** Nothing was done about lost access lately. */
export const noTries: AccessTries = { count: 0, runStartedAt: null };

/** What was done before is forgotten; nothing where nothing was done. */
export function withoutTries(memory: { readonly accessTries?: AccessTries }): {
  readonly accessTries?: AccessTries;
} {
  return memory.accessTries === undefined ? {} : { accessTries: noTries };
}

/** The tries with one more; the same run counts once. */
export function withTry({ loss, tries }: LostAccess): AccessTries {
  const isCounted = tries.count > 0 && tries.runStartedAt === loss.startedAt;
  return isCounted ? tries : { count: tries.count + 1, runStartedAt: loss.startedAt };
}

/** What follows, for people. */
export function describeAccessRemedy({ policy, tries, dueAt }: LostAccess, now: number): string {
  if (dueAt === null) return "it runs on without them until it is started again (ds01 stop, ds01 start)";
  const what = policy === "restart" ? "it is started again" : "it is replaced by a new container";
  if (dueAt <= now) return `${what}, as onGpuAccessLost says`;
  const times = tries.count === 1 ? "that has not helped once" : `that has not helped ${tries.count} times`;
  return `${what} at ${formatTime(dueAt)}, as onGpuAccessLost says (${times} in a row)`;
}

/** For people. */
export function describeAccessLoss({ node }: AccessLoss): string {
  return `it can no longer open ${node} (inside: "Failed to initialize NVML: Unknown Error"), as after \`systemctl daemon-reload\` or \`docker update\``;
}
