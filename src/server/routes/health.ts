import { apiVersion } from "../../api/names.ts";
import { sendJson, sendText } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { failedChecks } from "../failed-checks.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** /healthz and /livez say that the process answers, /readyz that all that it cannot do without does. */
export function healthRoutes(services: Services): readonly Route[] {
  const alive = (exchange: Exchange): void => sendChecks(exchange, [{ name: "ping", ok: true, message: "" }]);
  const ready = (exchange: Exchange): void => sendChecks(exchange, services.control.health());
  return [
    { method: "GET", pattern: "/healthz", handle: alive },
    { method: "GET", pattern: "/livez", handle: alive },
    { method: "GET", pattern: "/readyz", handle: ready },
    {
      method: "GET",
      pattern: `/apis/${apiVersion}/health`,
      handle: ({ response }) => sendJson(response, 200, services.control.health()),
    },
  ];
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly optional?: true;
}

/** `ok`, or a line a check when one fails or `?verbose` asks for it, as Kubernetes prints them. */
function sendChecks({ request, path, query, response }: Exchange, checks: readonly Check[]): void {
  const failed = failedChecks(checks);
  if (failed.length === 0 && !query.has("verbose")) {
    sendText(response, 200, "ok");
    return;
  }
  const lines = checks.map(({ name, ok, message }) =>
    ok ? `[+]${name} ok` : `[-]${name} failed: ${message}`,
  );
  const verdict = failed.length === 0 ? "passed" : "failed";
  const name = path.replace(/^\//, "");
  const text = [...lines, `${name} check ${verdict}`, ""].join("\n");
  sendText(response, failed.length === 0 ? 200 : 500, request.method === "HEAD" ? "" : text);
}
