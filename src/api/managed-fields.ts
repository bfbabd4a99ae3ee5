/** One line of `metadata.managedFields`, as Kubernetes' meta/v1 shapes it. */
export interface ManagedFieldsEntry {
  /** Who: `kubectl`, `ds01`, or `specs` for whoever edited the file. */
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** When the fields of this line changed last (RFC 3339). */
  readonly time?: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: FieldsV1;
  readonly subresource?: string;
}

/** Which fields: `{"f:spec":{"f:image":{}}}`. */
export interface FieldsV1 {
  readonly [element: string]: FieldsV1;
}
