import { StatusError } from "./failure.ts";

/** How an object is to be shown. */
export type Representation = "object" | "table" | "metadata";

/** One entry of an Accept header. */
export interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The entries of an Accept header, the most wanted first. */
export function parseAccept(header: string | undefined): readonly MediaRange[] {
  return (header === undefined || header.trim() === "" ? "*/*" : header)
    .split(",")
    .map((entry) => {
      const [type = "", ...rest] = entry.split(";").map((part) => part.trim());
      const parameters = Object.fromEntries(
        rest.map((parameter): [string, string] => {
          const at = parameter.indexOf("=");
          return at < 0 ? [parameter, ""] : [parameter.slice(0, at), parameter.slice(at + 1)];
        }),
      );
      return { type: type.toLowerCase(), parameters };
    })
    .toSorted((a, b) => weight(b) - weight(a));
}

/** Picks the first form that this server has; NotAcceptable when there is none. */
export function representationOf(accept: string | undefined): Representation {
  for (const { type, parameters } of parseAccept(accept)) {
    if (!isJson(type)) continue;
    const { as, g, v } = parameters as { as?: string; g?: string; v?: string };
    if (as === undefined) return "object";
    if (g !== "meta.k8s.io" || v !== "v1") continue;
    if (as === "Table") return "table";
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return "metadata";
  }
  throw new StatusError(
    "NotAcceptable",
    "only the following media types are accepted: application/json, " +
      "application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  );
}

/** True when a media range covers application/json. */
export function isJson(type: string): boolean {
  return type === "application/json" || type === "application/*" || type === "*/*";
}

function weight(range: MediaRange): number {
  const weightText = range.parameters["q"];
  return weightText === undefined ? 1 : Number(weightText);
}
