import type { ContainerDraft } from "../docker-import/container-draft.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

/** `depends_on`: what must have completed is waited for; that others have started, or are healthy, is not. */
export function readDependencies(service: ServiceReading, item: Item): void {
  if (Array.isArray(item.value) || typeof item.value !== "object") return service.leaveOut(item, "dependsOn");
  for (const other of service.fields(item)) {
    const condition = service.text(service.field(other, "condition"));
    const origin = service.originOf(other.path);
    if (condition === "service_completed_successfully")
      service.draft.dependencies.push({ service: other.name, origin });
    else service.draft.leaveOut(origin, "dependsOn", other.name);
  }
}

/** Names what a draft waits for as its spec is named; a service that does not become a spec cannot be waited for. */
export function settleDependencies(draft: ContainerDraft, specs: ReadonlyMap<string, string | null>): void {
  const after = new Set<string>();
  for (const { service, origin } of draft.dependencies) {
    const name = specs.get(service);
    if (typeof name !== "string") draft.leaveOut(origin, "dependencyMissing", service);
    else if (!after.has(name)) {
      draft.mark(`spec.after[${after.size}]`, origin);
      after.add(name);
    }
  }
  if (after.size > 0) draft.spec.after = [...after];
}
