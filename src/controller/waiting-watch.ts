import type { HostView } from "../core/host-view.ts";
import type { ContainerRecord } from "../core/record.ts";

/**
 * Notices whose outcome in the queue or under a quota, or whose device's number, is another than at its last
 * decision, so that only those are looked at again.
 */
export class WaitingWatch {
  /** Uid -> what its last decision was made from, or what it was woken for since. */
  readonly #known = new Map<string, string>();

  /** The record has just been decided on with this view; `record` as it stands after the decision. */
  decided(record: ContainerRecord, view: HostView): void {
    this.#known.set(record.uid, signatureOf(record, view));
  }

  /** The records to look at again. One that was never decided on is going to be looked at anyway. */
  changed(records: readonly ContainerRecord[], view: HostView): readonly ContainerRecord[] {
    const present = new Set<string>();
    const changed = records.filter((record) => {
      present.add(record.uid);
      const known = this.#known.get(record.uid);
      if (known === undefined) return false;
      const signature = signatureOf(record, view);
      this.#known.set(record.uid, signature);
      return known !== signature;
    });
    for (const uid of this.#known.keys()) if (!present.has(uid)) this.#known.delete(uid);
    return changed;
  }
}

function signatureOf(record: ContainerRecord, view: HostView): string {
  const outcome = view.outcomes.get(record.uid);
  const claim = view.claims.get(record.uid);
  const devices = claim?.deviceUuids.map((uuid) => `${uuid} ${view.slots.get(uuid) ?? "?"}`) ?? [];
  const claimed = [...devices, ...(claim?.gone ?? []).map(({ uuid }) => `${uuid} gone`)].join(",");
  const quota =
    record.status.reason === "WaitingForQuota" ? view.usage(record.namespace, record.uid).containers : "";
  const notice = view.notices.get(record.uid);
  const givesWay = notice === undefined ? "" : `for ${notice.by} at ${notice.at}`;
  const blocks = view.blocking.get(record.uid)?.key ?? "";
  const gate = view.gates.get(record.uid);
  const keptBack = gate === undefined ? "" : `${gate.reason} ${gate.message}`;
  const shared = `${keptBack} ${view.borrowers.has(record.uid) ? "borrowed" : ""} ${givesWay} ${blocks}`;
  if (outcome === undefined) return `${claimed}|${quota}|${shared}`;
  if (outcome.type === "assigned") return `assigned ${outcome.devices.map(({ uuid }) => uuid).join(",")}`;
  const place = `${outcome.position}/${outcome.of} behind ${outcome.behind ?? ""}`;
  return [outcome.reason, place, outcome.eta, quota, view.obstacles].join("|");
}
