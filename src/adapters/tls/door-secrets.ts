import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { DoorSecrets } from "../../ports/door-secrets.ts";
import { StalledError, messageOf } from "../../util/errors.ts";
import { replaceFile } from "../atomic-file.ts";
import { readIfThere } from "../if-there.ts";
import { makeAuthority, makeServerCertificate } from "./certificate.ts";
import type { KeyAndCertificate } from "./certificate.ts";

const dayMs = 86_400_000;
const authorityDays = 3650;
/** A new authority is made when the old one has less left: what it signs must not outlive it. */
const authorityRestDays = 365;
const serverDays = 90;
/** Clocks of clients may be behind ours. */
const skewMs = 3_600_000;
const tokenKeyBytes = 32;

/**
 * Reads the secrets below `stateDir/api`, for nobody but the controller to read, and makes what is missing or about
 * to expire. StalledError where they cannot be read or written.
 */
export async function doorSecrets(stateDir: string, clock: Clock): Promise<DoorSecrets> {
  const directory = join(stateDir, "api");
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    const authority = await readAuthority(directory, clock.now());
    const tokenKey = await readTokenKey(join(directory, "token.key"));
    const issuer = {
      name: commonNameOf(authority.certificate),
      key: createPrivateKey(authority.key),
    };
    return {
      authority: authority.certificate,
      tokenKey,
      issueIdentity: () => {
        const from = clock.now() - skewMs;
        const until = clock.now() + serverDays * dayMs;
        const identity = makeServerCertificate(issuer, ["127.0.0.1", "localhost"], { from, until });
        return { ...identity, renewAt: clock.now() + (serverDays * dayMs) / 2 };
      },
    };
  } catch (cause) {
    throw new StalledError({
      reason: "DoorSecretsUnreadable",
      message: `the keys of the API below ${directory} can be neither read nor made: ${messageOf(cause)}`,
      remedy:
        "mend or remove that directory; kubeconfigs are then to be written anew (ds01 kubeconfig --write)",
      cause,
    });
  }
}

async function readAuthority(directory: string, now: number): Promise<KeyAndCertificate> {
  const key = await readIfThere(join(directory, "ca.key"));
  const certificate = await readIfThere(join(directory, "ca.crt"));
  if (key !== undefined && certificate !== undefined) {
    const until = Date.parse(new X509Certificate(certificate).validTo);
    if (until - now > authorityRestDays * dayMs) return { key, certificate };
  }
  // Clients find the authority of a signature by its name, so that no two have the same.
  const name = `ds01 API ${randomBytes(4).toString("hex")}`;
  const made = makeAuthority(name, { from: now - skewMs, until: now + authorityDays * dayMs });
  await replaceFile(join(directory, "ca.key"), made.key, 0o600);
  await replaceFile(join(directory, "ca.crt"), made.certificate, 0o644);
  return made;
}

async function readTokenKey(path: string): Promise<Buffer> {
  const kept = Buffer.from((await readIfThere(path)) ?? "", "hex");
  if (kept.length === tokenKeyBytes) return kept;
  const made = randomBytes(tokenKeyBytes);
  await replaceFile(path, `${made.toString("hex")}\n`, 0o600);
  return made;
}

function commonNameOf(certificate: string): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1] ?? "";
}
