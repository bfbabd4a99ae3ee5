import { z } from "zod";
import type { ManagedFieldsEntry } from "./managed-fields.ts";
import { Namespace, ObjectName, StringMap } from "./fields.ts";

/** What a person writes in `metadata` of a spec file. */
export const WrittenMetadata = z.strictObject({
  name: ObjectName.meta({
    description: "Name of the object, unique in its namespace. It cannot be changed later.",
    examples: ["train"],
  }),
  namespace: Namespace.optional().meta({
    description:
      "The owning user. Defaults to the directory of the file, and must equal it where one is given.",
    examples: ["alice"],
  }),
  labels: StringMap.optional().describe("Free words to select objects by (`ds01 get -l`)."),
  annotations: StringMap.optional().describe(
    "Free text for people and tools; no effect on the container, but for ds01.io/restartedAt, ds01.io/adopts, ds01.io/prune and ds01.io/deletion-policy.",
  ),
});
export type WrittenMetadata = z.infer<typeof WrittenMetadata>;

/** Metadata of an object as the API shows it. Times are RFC 3339. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly generation?: number;
  readonly resourceVersion: string;
  /** Absent only of what is not there yet, as a trial shows it. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** A condition after the Kubernetes conventions; `lastTransitionTime` moves only when `status` does. */
export const Condition = z.object({
  type: z.string().describe("What the condition is about, such as Ready."),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().describe("One CamelCase word; stable."),
  message: z.string().describe("For people: what was wanted, what was found, what to do."),
  lastTransitionTime: z.string().describe("When status last changed (RFC 3339)."),
  observedGeneration: z.number().int().describe("The generation of the spec this was computed from."),
});
export type Condition = z.infer<typeof Condition>;

/** Any object of the API. */
export interface ApiObject<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: Spec;
  readonly status?: Status;
}

/** A list as the API returns it. */
export interface ApiList<Item = ApiObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly resourceVersion?: string };
  readonly items: readonly Item[];
}

/** `namespace/name`, or just the name for cluster-scoped objects: the key of an object within its kind. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
