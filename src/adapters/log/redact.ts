const environmentKey = /^(?:env|environment)$/i;
const hidden = "[redacted]";
const deepest = 8;

/** The fields of a log line without the values of environment variables, wherever they stand. */
export function withoutEnvironmentValues(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, cleaned(key, value, 0)]));
}

function cleaned(key: string, value: unknown, depth: number): unknown {
  if (environmentKey.test(key)) return withoutValues(value);
  if (value === null || typeof value !== "object" || value instanceof Error) return value;
  if (depth >= deepest) return "[deeper]";
  if (Array.isArray(value)) return value.map((member: unknown) => cleaned("", member, depth + 1));
  const entries = Object.entries(value);
  // Instances of classes (Date, URL, Map) say best themselves how they look as JSON.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return value;
  return Object.fromEntries(entries.map(([name, member]) => [name, cleaned(name, member, depth + 1)]));
}

/** Variables as Docker writes them (`A=1`), as specs do (`{name, value}`) or as a map: the names only. */
function withoutValues(environment: unknown): unknown {
  if (Array.isArray(environment)) return environment.map(withoutValue);
  if (environment === null || environment === undefined) return environment;
  if (typeof environment !== "object") return hidden;
  return Object.fromEntries(Object.keys(environment).map((name) => [name, hidden]));
}

function withoutValue(variable: unknown): unknown {
  if (typeof variable === "string") return `${variable.split("=", 1)[0] ?? ""}=${hidden}`;
  if (typeof variable === "object" && variable !== null && "name" in variable) {
    return { name: variable.name, value: hidden };
  }
  return hidden;
}
