import type { ContainerStatus, Phase } from "../api/container.ts";
import type { ApiObject, Condition } from "../api/meta.ts";
import { apiVersion } from "../api/names.ts";
import { formatTime } from "../core/format-time.ts";
import type { ContainerRecord } from "../core/record.ts";
import { parseBytes, parseCpus } from "../util/quantity.ts";

/** Slots of the GPUs of a Pod, for people and tables. */
export const gpuAnnotation = "ds01.io/gpus";

const kubernetesPhases: Readonly<Partial<Record<Phase, string>>> = {
  Running: "Running",
  Paused: "Running",
  Stopping: "Running",
  Degraded: "Running",
  Completed: "Succeeded",
  Failed: "Failed",
  Backoff: "Running",
};
const ended: readonly Phase[] = ["Held", "Released", "Stopped", "Removing"];

/**
 * The container of an object as a core/v1 Pod on this machine; undefined while it has none. Values of variables,
 * and arguments, are left out: everybody sees Pods.
 */
export function presentPod(record: ContainerRecord, nodeName: string): ApiObject | undefined {
  const { status, spec, name } = record;
  const { container } = status;
  if (container === undefined) return undefined;
  const slots = status.gpus.map(({ slot }) => slot).join(",");
  const metadata = {
    name,
    namespace: record.namespace,
    uid: record.uid,
    resourceVersion: String(record.resourceVersion),
    creationTimestamp: formatTime(record.createdAt),
    ...(record.deletion === null ? {} : { deletionTimestamp: formatTime(record.deletion.requestedAt) }),
    ...(Object.keys(record.labels).length === 0 ? {} : { labels: record.labels }),
    ...(slots === "" ? {} : { annotations: { [gpuAnnotation]: slots } }),
    ownerReferences: [{ apiVersion, kind: "ContainerSpec", name, uid: record.uid, controller: true }],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: {
      nodeName,
      restartPolicy: spec?.restartPolicy ?? "Always",
      // Always there in Kubernetes: `kubectl debug` looks into it without asking.
      securityContext: {},
      containers: [
        {
          name,
          image: container.image,
          ...(spec?.tty === true ? { tty: true } : {}),
          ...(spec?.stdin === true ? { stdin: true } : {}),
          resources: resourcesOf(record),
        },
      ],
    },
    status: podStatus(status, name),
  };
}

function podStatus(status: ContainerStatus, name: string): object {
  const { phase, container, conditions } = status;
  const isReady = conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
  return {
    phase: podPhase(status),
    // What `kubectl get` shows in place of the phase.
    ...(phase === "Running" || phase === "Completed" ? {} : { reason: phase }),
    ...(status.message === undefined ? {} : { message: status.message }),
    ...(container?.startedAt === undefined ? {} : { startTime: container.startedAt }),
    conditions: conditions.map(podCondition),
    containerStatuses: [
      {
        name,
        ready: isReady,
        started: isReady,
        restartCount: status.restarts,
        image: container?.image ?? "",
        imageID: "",
        containerID: `docker://${container?.id ?? ""}`,
        state: containerState(status),
      },
    ],
  };
}

/** As Kubernetes has them, without what only newer versions know. */
function podCondition(condition: Condition): object {
  const { observedGeneration: _, ...shown } = condition;
  return shown;
}

function podPhase({ phase, container }: ContainerStatus): string {
  if (ended.includes(phase)) return (container?.exitCode ?? 0) === 0 ? "Succeeded" : "Failed";
  return kubernetesPhases[phase] ?? "Pending";
}

function containerState({ phase, container, reason }: ContainerStatus): object {
  const { startedAt, finishedAt, exitCode } = container ?? {};
  if (finishedAt !== undefined) {
    return { terminated: { exitCode: exitCode ?? 0, reason: reason ?? phase, startedAt, finishedAt } };
  }
  if (startedAt === undefined) return { waiting: { reason: reason ?? phase } };
  return { running: { startedAt } };
}

function resourcesOf({ spec, status }: ContainerRecord): object {
  const { cpus, memory } = spec?.resources ?? {};
  const bytes = parseBytes(String(memory ?? ""));
  const processors = parseCpus(cpus ?? "");
  const limits = {
    ...(processors === undefined ? {} : { cpu: String(processors) }),
    ...(bytes === undefined ? {} : { memory: String(bytes) }),
    ...(status.gpus.length === 0 ? {} : { "nvidia.com/gpu": String(status.gpus.length) }),
  };
  return Object.keys(limits).length === 0 ? {} : { limits };
}
