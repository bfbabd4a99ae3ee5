import type { GpuDetails, GpuProcessLine } from "../../api/gpu-answers.ts";
import { formatBytes } from "../../util/quantity.ts";
import { alignRows } from "./columns.ts";
import { renderFields } from "./fields.ts";

/** Processes, links and what waits for a device, below its fields. */
export function renderGpuDetails({ processes, links, waiting }: GpuDetails): string {
  const rows = processes.map((process) => [
    String(process.pid),
    process.name,
    process.memoryBytes === null ? "-" : formatBytes(process.memoryBytes),
    whose(process),
  ]);
  return renderFields([
    ["Processes", rows.length === 0 ? ["none"] : linesOf([["PID", "NAME", "MEMORY", "OF"], ...rows])],
    ["Links", linkLines(links)],
    [
      "Waiting",
      waiting.map(
        ({ namespace, name, position, eta }) =>
          `${namespace}/${name}   place ${position}${eta === null ? "" : `, starts about ${eta}`}`,
      ),
    ],
  ]);
}

/** `dave, host`; `alice/train`; `dave, container llm-web-1`. */
export function whose({ user, container, owner }: GpuProcessLine): string {
  if (container === null) return `${user ?? "unknown user"}, host`;
  if (container.includes("/")) return container;
  return `${owner ?? "unknown user"}, container ${container}`;
}

function linkLines(links: GpuDetails["links"]): readonly string[] {
  if (links === null) return ["not known (nvidia-smi topo -m gave no answer)"];
  return links.map(({ slot, way }) => `${way} to GPU ${slot}`);
}

function linesOf(rows: readonly (readonly string[])[]): readonly string[] {
  return alignRows(rows).trimEnd().split("\n");
}
