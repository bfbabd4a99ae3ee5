import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import type { ApiObject } from "./meta.ts";
import type { QuotaSpecSpec, QuotaStatus } from "./quota.ts";
import { ageText } from "./relative-time.ts";
import { subjectsText } from "./subjects-text.ts";

export type QuotaObject = ApiObject<QuotaSpecSpec, QuotaStatus>;

/** What `ds01 get quotas` shows. */
export const quotaColumns: readonly Column<QuotaObject>[] = [
  column({
    name: "Name",
    format: "name",
    description: "Name of the object.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "Subjects",
    description: "Users, @groups, or default for everybody else.",
    cell: ({ spec }) => (spec === undefined ? null : subjectsText(spec.subjects)),
  }),
  column({
    name: "Containers",
    description: "Containers of one user at most.",
    jsonPath: ".spec.maxContainers",
    cell: ({ spec }) => limitText(spec?.maxContainers),
  }),
  column({
    name: "GPUs",
    description: "GPU-equivalents of one user at most.",
    jsonPath: ".spec.gpus.nominal",
    cell: ({ spec }) => limitText(spec?.gpus?.nominal),
  }),
  column({
    name: "Per-Container",
    description: "GPU-equivalents of one container at most.",
    jsonPath: ".spec.gpus.maxPerContainer",
    cell: ({ spec }) => limitText(spec?.gpus?.maxPerContainer),
  }),
  column({
    name: "Used",
    description: "GPU-equivalents and containers in use now, of all its users.",
    cell: ({ status }) => usedText(status?.users ?? []),
  }),
  column({
    name: "Age",
    type: "date",
    description: "Since when the object exists.",
    jsonPath: ".metadata.creationTimestamp",
    cell: ({ metadata }, nowMs) => ageText(metadata.creationTimestamp, nowMs),
  }),
  column({
    name: "Reason",
    description: "Why the file is not in effect; empty when it is.",
    cell: ({ status }) => {
      const accepted = status?.conditions.find(({ type }) => type === "Accepted");
      return accepted?.status === "False" ? accepted.reason : "";
    },
  }),
  wideColumn({
    name: "Priority",
    description: "Priority in the queue, and its upper bound.",
    jsonPath: ".spec.priority",
    cell: ({ spec }) => spec?.priority ?? null,
  }),
  wideColumn({
    name: "Memory",
    description: "Memory of one container at most.",
    jsonPath: ".spec.perContainer.max.memory",
    cell: ({ spec }) => limitText(spec?.perContainer?.max?.memory),
  }),
  wideColumn({
    name: "Max-Runtime",
    description: "Running time of one container at most.",
    jsonPath: ".spec.lifecycle.maxRuntime",
    cell: ({ spec }) => limitText(spec?.lifecycle?.maxRuntime),
  }),
  wideColumn({
    name: "Users",
    description: "GPU-equivalents that each of its users uses and may use.",
    cell: ({ status }) => usersText(status?.users ?? []),
  }),
  wideColumn({
    name: "Source",
    description: "The file it comes from.",
    jsonPath: ".status.source.path",
    cell: ({ status }) => status?.source.path ?? null,
  }),
];

/** An absent limit is no limit; the same word says so explicitly in a file. */
function limitText(limit: string | number | undefined): string {
  return limit === undefined || limit === "never" ? "unlimited" : String(limit);
}

function usedText(users: QuotaStatus["users"]): string {
  const containers = users.reduce((sum, user) => sum + user.containers, 0);
  const gpus = users.reduce((sum, user) => sum + user.gpuEquivalents, 0);
  return `${Number(gpus.toFixed(3))} GPUs, ${containers} containers`;
}

/** `alice 1/2, bob 0.286/2`; those who use nothing are left out. */
function usersText(users: QuotaStatus["users"]): string {
  const active = users.filter(({ containers, gpuEquivalents }) => containers > 0 || gpuEquivalents > 0);
  const texts = active.map(({ name, gpuEquivalents, nominalGpuEquivalents: nominal = null, ...rest }) => {
    const most = nominal === null ? "unlimited" : String(Number(nominal.toFixed(3)));
    const borrowed = rest.borrowedGpuEquivalents ?? 0;
    const beyond = borrowed === 0 ? "" : ` (${Number(borrowed.toFixed(3))} borrowed)`;
    return `${name} ${Number(gpuEquivalents.toFixed(3))}/${most}${beyond}`;
  });
  return texts.length === 0 ? "-" : texts.join(", ");
}
