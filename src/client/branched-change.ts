import type { Call } from "./connection.ts";

/** What is to become of an object on a branch: this document, a JSON merge patch of its own, or nothing. */
export type BranchedChange = { readonly yaml: string } | { readonly patch: object } | "removed";

/** The call that asks for it, but for its path. */
export function branchedCall(change: BranchedChange): Omit<Call, "path"> {
  if (change === "removed") return { method: "DELETE" };
  return "yaml" in change
    ? { method: "PUT", body: change.yaml, contentType: "application/yaml" }
    : { method: "PATCH", body: JSON.stringify(change.patch), contentType: "application/merge-patch+json" };
}
