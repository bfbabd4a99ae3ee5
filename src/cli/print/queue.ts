import type { ContainerSpecSpec, ContainerStatus } from "../../api/container.ts";
import type { ApiObject } from "../../api/meta.ts";
import { formatAge } from "../../util/duration.ts";

/** A container as the API gives it. */
export type ContainerObject = ApiObject<ContainerSpecSpec, ContainerStatus>;

/** Titles of the columns of `ds01 queue`. */
export const queueColumns: readonly string[] = [
  "PLACE",
  "NAMESPACE",
  "NAME",
  "PRIORITY",
  "NEEDS",
  "WAITING",
  "STARTS",
  "REASON",
];

/** Those who wait for GPUs, in order; who can never be served here comes last. */
export function queued(objects: readonly ContainerObject[]): readonly ContainerObject[] {
  const placeOf = ({ status }: ContainerObject): number => status?.queue?.position || Infinity;
  return objects
    .filter(({ status }) => status?.queue !== undefined)
    .toSorted((left, right) => {
      const [a, b] = [placeOf(left), placeOf(right)];
      return a === b ? 0 : a - b;
    });
}

/** Cells of one line of `ds01 queue`. */
export function queueCells({ metadata, spec, status }: ContainerObject, nowMs: number): readonly string[] {
  const queue = status?.queue;
  const isPossible = queue !== undefined && queue.position > 0;
  return [
    isPossible ? String(queue.position) : "-",
    metadata.namespace ?? "",
    metadata.name,
    queue?.priority === undefined ? "" : String(queue.priority),
    needs(spec?.gpus),
    queue?.since === undefined ? "" : formatAge(nowMs - Date.parse(queue.since)),
    isPossible ? starts(queue, nowMs) : "never",
    status?.reason ?? "",
  ];
}

/** `2 GPUs`, `1 x 2g.20gb`. */
function needs(gpus: ContainerSpecSpec["gpus"]): string {
  if (gpus === undefined) return "";
  if (gpus.profile !== undefined) return `${gpus.count} x ${gpus.profile}`;
  return `${gpus.count} GPU${gpus.count === 1 ? "" : "s"}`;
}

/** `in 12m`, `in 40m (20m late)`, `in 90m by earlier runs`, `unknown`. */
function starts({ eta, promised, basis }: NonNullable<ContainerStatus["queue"]>, nowMs: number): string {
  if (eta === undefined) return "unknown";
  const at = Date.parse(eta);
  const ground = basis === "history" ? " by earlier runs" : "";
  const late = promised === undefined ? "" : ` (${formatAge(at - Date.parse(promised))} late)`;
  return `in ${formatAge(at - nowMs)}${ground}${late}`;
}
