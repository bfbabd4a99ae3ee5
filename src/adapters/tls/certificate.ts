import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";
import { bits, identifier, integer, octets, sequence, set, tagged, text, time, yes } from "./der.ts";

/** A certificate with its private key, both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** Who signs: its name as it stands in its own certificate, and its key. */
interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

/** From when to when, in milliseconds since the epoch. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

interface Wanted {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}

const ecdsaWithSha256 = sequence(identifier("1.2.840.10045.4.3.2"));

/** A certificate authority that can sign servers and nothing else (RFC 5280; ECDSA P-256). */
export function makeAuthority(name: string, validity: Validity): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [
    // An authority below which there is no other one.
    extension("2.5.29.19", true, sequence(yes, integer(Buffer.of(0)))),
    extension("2.5.29.15", true, bits(Buffer.of(0b0000_0110), 1)),
    extension("2.5.29.14", false, octets(keyIdentifier(publicKey))),
  ];
  const certificate = signed({ name, publicKey, validity, extensions }, { name, key: privateKey });
  return { key: pemOf(privateKey), certificate };
}

/** A certificate of a server that is reached under these names and addresses. */
export function makeServerCertificate(
  issuer: Issuer,
  hosts: readonly string[],
  validity: Validity,
): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authorityKey = keyIdentifier(createPublicKey(issuer.key));
  const extensions = [
    extension("2.5.29.19", true, sequence()),
    extension("2.5.29.15", true, bits(Buffer.of(0b1000_0000), 7)),
    extension("2.5.29.37", false, sequence(identifier("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", false, sequence(...hosts.map(hostName))),
    extension("2.5.29.35", false, sequence(tagged(0, false, authorityKey))),
  ];
  const certificate = signed({ name: "ds01", publicKey, validity, extensions }, issuer);
  return { key: pemOf(privateKey), certificate };
}

function signed({ name, publicKey, validity, extensions }: Wanted, issuer: Issuer): string {
  const toSign = sequence(
    // Version 3, counted from 0.
    tagged(0, true, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(issuer.name),
    sequence(time(validity.from), time(validity.until)),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, true, sequence(...extensions)),
  );
  const certificate = sequence(toSign, ecdsaWithSha256, bits(sign("sha256", toSign, issuer.key)));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(identifier("2.5.4.3"), text(name))));
}

function extension(type: string, isCritical: boolean, content: Buffer): Buffer {
  return sequence(identifier(type), ...(isCritical ? [yes] : []), octets(content));
}

function hostName(host: string): Buffer {
  if (isIPv4(host)) return tagged(7, false, Buffer.from(host.split(".").map(Number)));
  return tagged(2, false, Buffer.from(host));
}

/** Tells keys of authorities apart; RFC 7093, method 1. */
function keyIdentifier(key: KeyObject): Buffer {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return createHash("sha256").update(point).digest().subarray(0, 20);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
