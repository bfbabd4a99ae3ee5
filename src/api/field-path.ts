/** Steps from the root of a document to a value: field names and list indices. */
export type FieldPath = readonly (string | number)[];

/** A path as messages write it: `spec.volumes[0].mountPath`, `metadata.labels["a.b/c"]`. */
export function fieldPathText(path: FieldPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
