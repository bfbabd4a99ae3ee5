import { updateConditions } from "../core/conditions.ts";
import { fileConditions, shownSource } from "../core/file-status.ts";
import type { HostView } from "../core/host-view.ts";
import type { QuotaRecord } from "../core/record.ts";
import type { Store } from "../ports/store.ts";
import { canonicalJson } from "../util/hash.ts";

/** Keeps every QuotaSpec's status: whether its file is in effect, and what its users use. */
export function updateQuotaStatuses(store: Store, view: HostView, now: number): void {
  const namespaces = new Set(store.list("ContainerSpec").map(({ namespace }) => namespace));
  for (const quota of store.list("QuotaSpec")) {
    const status = statusOf(quota, view, namespaces, now);
    if (canonicalJson(status) !== canonicalJson(quota.status)) store.putSoon({ ...quota, status });
  }
}

function statusOf(
  quota: QuotaRecord,
  view: HostView,
  namespaces: ReadonlySet<string>,
  now: number,
): QuotaRecord["status"] {
  const names = [...new Set([...namespaces, ...(quota.spec?.subjects.users ?? [])])].toSorted();
  const users = names
    .filter((name) => view.quotaOf(name).primary === quota.name)
    .map((name) => {
      const { containers, gpuEquivalents } = view.usage(name, null);
      const nominalGpuEquivalents = view.quotaOf(name).gpuNominal.value;
      const borrowed = view.borrowedBy(name);
      return {
        name,
        containers,
        gpuEquivalents,
        nominalGpuEquivalents,
        ...(borrowed === 0 ? {} : { borrowedGpuEquivalents: borrowed }),
      };
    });
  const { accepted, blocked } = fileConditions(quota);
  return {
    observedGeneration: quota.generation,
    conditions: updateConditions(quota.status.conditions, [accepted, ...blocked], {
      generation: quota.generation,
      now,
    }),
    users,
    source: shownSource(quota),
  };
}
