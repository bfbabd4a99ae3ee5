import type { IncomingMessage } from "node:http";
import { StatusError } from "./failure.ts";

const loopbackNames: readonly string[] = ["127.0.0.1", "localhost"];

/**
 * Throws Forbidden for what a browser sends on behalf of a page that is not ours: a page of another origin says so, and
 * one that has a name of its own lead to 127.0.0.1 (DNS rebinding) sends that name as host.
 */
export function refuseForeignPages({ headers }: IncomingMessage): void {
  const host = addressOf(`https://${headers.host ?? ""}`);
  if (host === undefined || !loopbackNames.includes(host.hostname)) {
    throw new StatusError(
      "Forbidden",
      `this server answers as ${loopbackNames.join(" and ")}, and the request names another host`,
    );
  }
  const { origin } = headers;
  if (origin === undefined) return;
  // The proper origin of a client library that says one: this very server.
  if (addressOf(origin)?.host !== host.host) {
    throw new StatusError("Forbidden", "requests of web pages are not answered");
  }
}

function addressOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
