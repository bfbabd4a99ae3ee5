import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../ports/clock.ts";

/** A token and when it ends, in milliseconds since the epoch. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: number;
}

/** Who has a token, and when it ends, in milliseconds since the epoch. */
export interface TokenHolder {
  readonly uid: number;
  readonly expiresAt: number;
}

/** Tokens that say which user asks; nothing is kept of them, so that they also hold after a restart. */
export interface AccessTokens {
  issue(uid: number): IssuedToken;
  /** Whom a token was issued to, and when it ends; undefined for one that is none of ours, or has expired. */
  holderOf(token: string): TokenHolder | undefined;
}

const lifetimeMs = 15 * 60_000;
const tokenPattern = /^ds01_(\d{1,10})\.(\d{1,12})\.([\w-]{43})$/;

/** Tokens signed with a key (HMAC-SHA256): `ds01_UID.EXPIRY.SIGNATURE`. */
export function createAccessTokens(key: Buffer, clock: Clock): AccessTokens {
  const signatureOf = (uid: number, expirySeconds: number): Buffer =>
    createHmac("sha256", key).update(`ds01 access token 1\n${uid}\n${expirySeconds}`).digest();
  return {
    issue: (uid) => {
      const expirySeconds = Math.floor((clock.now() + lifetimeMs) / 1000);
      const signature = signatureOf(uid, expirySeconds).toString("base64url");
      return { token: `ds01_${uid}.${expirySeconds}.${signature}`, expiresAt: expirySeconds * 1000 };
    },
    holderOf: (token) => {
      const [, uid, expirySeconds, signature = ""] = tokenPattern.exec(token) ?? [];
      if (uid === undefined || expirySeconds === undefined) return undefined;
      const given = Buffer.from(signature, "base64url");
      const right = signatureOf(Number(uid), Number(expirySeconds));
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      const expiresAt = Number(expirySeconds) * 1000;
      return expiresAt > clock.now() ? { uid: Number(uid), expiresAt } : undefined;
    },
  };
}
