import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Headers with an HMAC of the body: GitHub's, which Gitea and Forgejo send as well, and their own. */
const signatureHeaders = ["x-hub-signature-256", "x-forgejo-signature", "x-gitea-signature"] as const;
/** GitLab's, with the secret itself. */
const tokenHeader = "x-gitlab-token";

/** Whether a request claims to know a secret at all; without, its body need not be read. */
export function isSigned(headers: IncomingHttpHeaders): boolean {
  return [...signatureHeaders, tokenHeader].some((name) => headers[name] !== undefined);
}

/**
 * Whether the sender of a webhook knows the secret, by any of its headers: hex HMAC-SHA-256 of the body, or the secret
 * itself. How long it takes tells nothing of either.
 */
export function knowsSecret(headers: IncomingHttpHeaders, body: Buffer, secret: string): boolean {
  const expected = createHmac("sha256", secret).update(body).digest("hex");
  const signed = signatureHeaders.map((name) =>
    same(valueOf(headers, name).replace(/^sha256=/, ""), expected),
  );
  const token = same(valueOf(headers, tokenHeader), secret);
  return [...signed, token].includes(true);
}

function valueOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? value : "";
}

/** Hashes are of the same length, which the comparison needs. */
function same(one: string, other: string): boolean {
  return timingSafeEqual(hash("sha256", one, "buffer"), hash("sha256", other, "buffer"));
}
