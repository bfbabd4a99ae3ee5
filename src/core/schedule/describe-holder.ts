import type { LeaseHolder } from "./lease.ts";

/** `alice/train`, `llm-web-1 of dave` (a container that is not managed), or `pid 4121 python of dave`. */
export function describeHolder(holder: LeaseHolder): string {
  switch (holder.type) {
    case "object":
      return `${holder.namespace}/${holder.name}`;
    case "reservation":
      return holder.name;
    case "unmanaged":
      return `${holder.containerName}${holder.owner === null ? "" : ` of ${holder.owner}`}`;
    case "process":
      if (holder.pid === 0) return "unknown";
      if (holder.containerName !== null) return `pid ${holder.pid} of ${holder.containerName}`;
      return `pid ${holder.pid} ${holder.processName}${holder.user === null ? "" : ` of ${holder.user}`}`;
  }
}

/** ` (a, b, c, d and 2 more)`; nothing for none. */
export function shortList(details: readonly string[]): string {
  if (details.length === 0) return "";
  const shown = details.slice(0, 4).join(", ");
  return ` (${shown}${details.length > 4 ? ` and ${details.length - 4} more` : ""})`;
}
