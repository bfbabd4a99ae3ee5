import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { registryOf } from "../../core/registry-of.ts";
import type { RegistryLogin } from "../../ports/registry-credentials.ts";
import { messageOf, WaitingError } from "../../util/errors.ts";

/** More than this is no file with logins. */
const sizeLimit = 64 * 1024;

/** Logins of one file, by registry. */
export interface LoginFile {
  readonly logins: ReadonlyMap<string, RegistryLogin>;
  /** Others than its owner may read it. */
  readonly readableByOthers: boolean;
}

/**
 * Reads a file as `docker login` writes it (`auths` of config.json). Only a plain file of one of `owners` counts: a
 * link or a file of somebody else would lend a login to who has put it there. WaitingError when it cannot be used; what
 * stands in it is never told.
 */
export async function readDockerConfig(path: string, owners: readonly number[]): Promise<LoginFile> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    throw unusable(path, messageOf(error));
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw unusable(path, "it is not a regular file");
    if (!owners.includes(stats.uid)) throw unusable(path, `it belongs to uid ${stats.uid}`);
    if (stats.size > sizeLimit) throw unusable(path, "it is too large");
    return {
      logins: loginsIn(path, await file.readFile("utf8")),
      readableByOthers: (stats.mode & 0o077) !== 0,
    };
  } finally {
    await file.close();
  }
}

function loginsIn(path: string, text: string): ReadonlyMap<string, RegistryLogin> {
  const { auths } = mapIn(path, parsed(path, text));
  const rows = Object.entries(auths === undefined ? {} : mapIn(path, auths));
  return new Map(
    rows.flatMap(([server, said]): [string, RegistryLogin][] => {
      const login = loginOf(server, mapIn(path, said));
      return login === undefined ? [] : [[registryNamed(server), login]];
    }),
  );
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says quotes the text.
    throw unusable(path, "it is not JSON");
  }
}

function mapIn(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  throw unusable(path, "it is not what docker login writes");
}

/** Credential helpers leave an entry without anything in it. */
function loginOf(server: string, said: Readonly<Record<string, unknown>>): RegistryLogin | undefined {
  const { auth, username, password, identitytoken } = said;
  if (typeof identitytoken === "string" && identitytoken !== "")
    return { server, identityToken: identitytoken };
  if (typeof username === "string" && typeof password === "string") return { server, username, password };
  if (typeof auth !== "string") return undefined;
  const [name = "", ...rest] = Buffer.from(auth, "base64").toString("utf8").split(":");
  return rest.length === 0 ? undefined : { server, username: name, password: rest.join(":") };
}

/** `https://index.docker.io/v1/` is Docker Hub. */
export function registryNamed(server: string): string {
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return registryOf(`${host}/x`);
}

function unusable(path: string, why: string): WaitingError {
  return new WaitingError({
    reason: "CredentialsUnusable",
    message: `the logins in ${path} cannot be used: ${why}`,
    remedy:
      "a plain file as docker login writes it, of the user it is for, mode 0600; see registries in the configuration",
  });
}
