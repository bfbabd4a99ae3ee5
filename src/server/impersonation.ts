import type { IncomingMessage } from "node:http";
import type { Caller } from "./access.ts";
import { StatusError } from "./failure.ts";

/** Kubernetes' headers of impersonation, and what each would have somebody be. */
const impersonated: readonly (readonly [header: string, resource: string, group: string])[] = [
  ["impersonate-user", "users", ""],
  ["impersonate-group", "groups", ""],
  ["impersonate-uid", "uids", "authentication.k8s.io"],
];
const extra = "impersonate-extra-";

/** Discovery and the like, which say the same to everybody: a client that cannot read them tells nothing of why. */
const sameForAll =
  /^\/(?:version|healthz|livez|readyz|openapi(?:\/.*)?|api(?:\/v1)?|apis(?:\/[^/]+){0,2})\/?$/;

/**
 * Throws Forbidden, in Kubernetes' words, where a request wants to be answered as somebody else (`kubectl --as`): whom ds01
 * answers is for the kernel to say. Answered for the caller instead, it would tell of rights that nobody has.
 */
export function refuseImpersonation({ headers, url = "" }: IncomingMessage, caller: Caller): void {
  if (sameForAll.test(url.replace(/\?.*$/s, ""))) return;
  for (const [header, resource, group] of impersonated) {
    const value = headers[header];
    if (value !== undefined) throw refusal(caller, { resource, group, name: String(value) });
  }
  const name = Object.keys(headers).find((header) => header.startsWith(extra));
  if (name === undefined) return;
  const resource = `userextras/${name.slice(extra.length)}`;
  throw refusal(caller, { resource, group: "authentication.k8s.io", name: String(headers[name]) });
}

interface Impersonated {
  readonly resource: string;
  readonly group: string;
  readonly name: string;
}

function refusal({ user }: Caller, { resource, group, name }: Impersonated): StatusError {
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const message =
    `${qualified} "${name}" is forbidden: User "${user}" cannot impersonate resource "${resource}" ` +
    `in API group "${group}" at the cluster scope: ds01 answers nobody as somebody else; run the command as that user`;
  const details = { name, ...(group === "" ? {} : { group }), kind: resource };
  return new StatusError("Forbidden", message, details);
}
