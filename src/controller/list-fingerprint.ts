import type { ListedContainer } from "../ports/container-runtime.ts";

/** What of a list entry shows that inspect has news; ages in the text ("Up 5 minutes") do not. */
export function listFingerprint(container: ListedContainer): string {
  const status = container.statusText.replace(/^Up [^()]*|\) .* ago$/, "");
  return `${container.name}|${container.state}|${status}`;
}
