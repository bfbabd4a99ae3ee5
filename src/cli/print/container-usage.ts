import type { ContainerUsage } from "../../api/container-usage.ts";
import { formatBytes, parseBytes, parseCpus } from "../../util/quantity.ts";
import { oneLine } from "../terminal.ts";
import type { Paint } from "../terminal.ts";
import { alignRows } from "./columns.ts";

/** What each container uses, the hungriest first. */
export function renderContainerUsage(
  items: readonly ContainerUsage[],
  withNamespace: boolean,
  paint: Paint,
): string {
  if (items.length === 0) return "No container runs.\n";
  const rows = items
    .toSorted((a, b) => cpusOf(b) - cpusOf(a) || (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(({ metadata, containers: [{ usage, pids }] }) => [
      ...(withNamespace ? [oneLine(metadata.namespace)] : []),
      oneLine(metadata.name),
      (parseCpus(usage.cpu) ?? 0).toFixed(2),
      formatBytes(Math.round((parseBytes(usage.memory) ?? 0) / mebibyte) * mebibyte),
      pids === null ? "-" : String(pids),
    ]);
  const header = [...(withNamespace ? ["NAMESPACE"] : []), "NAME", "CPUS", "MEMORY", "PROCESSES"];
  return alignRows([header, ...rows], paint);
}

const mebibyte = 1024 * 1024;

function cpusOf({ containers: [{ usage }] }: ContainerUsage): number {
  return parseCpus(usage.cpu) ?? 0;
}
