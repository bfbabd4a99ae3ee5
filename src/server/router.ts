import { StatusError } from "./failure.ts";
import type { Exchange, UpgradeExchange } from "./exchange.ts";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One method of one path. In `pattern`, `:name` stands for one segment. */
export interface Route {
  readonly method: Method;
  readonly pattern: string;
  handle(exchange: Exchange): void | Promise<void>;
  /** Takes a WebSocket at the same path; upgrades elsewhere are refused. */
  upgrade?(exchange: UpgradeExchange): void | Promise<void>;
}

interface Match {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

export type Router = (method: string, path: string) => Match;

/** Finds the route of a request; throws NotFound or MethodNotAllowed. */
export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map((route) => ({ route, segments: route.pattern.split("/") }));
  return (method, path) => {
    const segments = path.replace(/\/+$/, "").split("/");
    const wanted = method === "HEAD" ? "GET" : method;
    let known = false;
    for (const { route, segments: pattern } of table) {
      const parameters = matchSegments(pattern, segments);
      if (parameters === undefined) continue;
      known = true;
      if (route.method === wanted) return { route, parameters };
    }
    throw known
      ? new StatusError("MethodNotAllowed", "the server does not allow this method on the requested resource")
      : new StatusError("NotFound", "the server could not find the requested resource");
  };
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, wanted] of pattern.entries()) {
    const found = segments[index] ?? "";
    if (!wanted.startsWith(":")) {
      if (wanted !== found) return undefined;
    } else {
      if (found === "") return undefined;
      parameters[wanted.slice(1)] = decodeSegment(found);
    }
  }
  return parameters;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) throw new StatusError("BadRequest", `"${segment}" is not an encoded name`);
    throw error;
  }
}
