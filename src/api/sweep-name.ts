import type { FieldProblem } from "./issues.ts";

const longestName = 63;

/** The name of a sweep must leave room for the numbers of its elements. */
export function sweepNameProblems(value: object): readonly FieldProblem[] {
  const name = fieldOf(fieldOf(value, "metadata"), "name");
  const replicas = fieldOf(fieldOf(value, "spec"), "replicas");
  if (typeof name !== "string" || typeof replicas !== "number" || !Number.isSafeInteger(replicas)) return [];
  const longest = longestName - `-${Math.max(0, replicas - 1)}`.length;
  if (name.length <= longest || name.length > longestName) return [];
  const message = `has ${name.length} characters, and with ${replicas} replicas ${longest} at most: its elements are ${name}-0 and so on`;
  return [{ path: ["metadata", "name"], at: "value", message }];
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}
