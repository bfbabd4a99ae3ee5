import type { Announcement } from "../core/decision.ts";
import { containerName } from "../core/plan/container-name.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { PublishedViews } from "../ports/operations-log.ts";

/** Where operations are written for people and old tools. */
export interface OperationContext {
  readonly views: PublishedViews;
  readonly slotOf: (uuid: string) => string;
}

/** Event reason -> operation and status of container-operations.log (CONTRACT 2). */
const operations: Readonly<Record<string, readonly [operation: string, status: string]>> = {
  Creating: ["create_start", "started"],
  Recreating: ["repair", "started"],
  createDone: ["create_success", "success"],
  CreateFailed: ["create_failed", "failed"],
  startDone: ["start", "success"],
  StartFailed: ["start", "failed"],
  Restarted: ["repair", "started"],
  pauseDone: ["pause", "success"],
  unpauseDone: ["repair", "success"],
  renameDone: ["repair", "success"],
  updateDone: ["repair", "success"],
  Stopping: ["stop", "started"],
  stopDone: ["stop", "success"],
  StopFailed: ["stop", "failed"],
  removeDone: ["remove", "success"],
  RemoveFailed: ["remove", "failed"],
  GpuHeld: ["hold", "success"],
  GpuReleased: ["release", "success"],
  Pulling: ["pull", "started"],
  pullDone: ["pull", "success"],
  Building: ["build", "started"],
  buildDone: ["build", "success"],
  ImageBuildFailed: ["build", "failed"],
  ImageAliased: ["tag", "started"],
  tagDone: ["tag", "success"],
  TagFailed: ["tag", "failed"],
  PullFailed: ["pull", "failed"],
};

/** Writes a line for happenings that are operations. */
export function logOperation(
  context: OperationContext,
  record: ContainerRecord,
  happening: Announcement,
): void {
  const row = operations[happening.reason];
  if (row === undefined) return;
  const [operation, status] = row;
  const uuids =
    record.status.gpus.length > 0 ? record.status.gpus.map(({ uuid }) => uuid) : record.memory.lastGpus;
  context.views.operation({
    operation,
    user: record.namespace,
    container: containerName(record.namespace, record.name),
    gpuId: uuids.map(context.slotOf).join(","),
    status,
    details: happening.message,
  });
}
