import { registryOf } from "../../core/registry-of.ts";
import type { Identity } from "../../ports/identity.ts";
import type { Log } from "../../ports/log.ts";
import type { RegistryCredentials, RegistryLogin } from "../../ports/registry-credentials.ts";
import { readDockerConfig, registryNamed } from "./read-docker-config.ts";

/** A row of `registries` in the configuration. */
export interface RegistryRow {
  readonly server: string;
  /** `{user}` stands for the namespace. */
  readonly credentialsFile: string;
}

export interface CredentialFilesOptions {
  readonly rows: readonly RegistryRow[];
  readonly identity: Pick<Identity, "userByName">;
  readonly log: Log;
  /** Whose files count beside those of users. */
  readonly ownUid: number;
}

/** Logins from the files that the configuration names, read anew for each pull; the first row that has one counts. */
export function credentialFiles(options: CredentialFilesOptions): RegistryCredentials {
  const { rows, identity, log, ownUid } = options;
  const warned = new Set<string>();

  function rowsFor(reference: string): readonly RegistryRow[] {
    const registry = registryOf(reference);
    return rows.filter(({ server }) => registryNamed(server) === registry);
  }

  async function loginIn(row: RegistryRow, namespace: string): Promise<RegistryLogin | undefined> {
    const isPersonal = row.credentialsFile.includes("{user}");
    const user = isPersonal ? await identity.userByName(namespace) : undefined;
    if (isPersonal && user === undefined) return undefined;
    const path = row.credentialsFile.replaceAll("{user}", namespace);
    const owners = user === undefined ? [0, ownUid] : [user.uid];
    const file = await readDockerConfig(path, owners).catch((error: unknown) => {
      // Not everybody has logins of their own.
      if (isPersonal && isMissing(error)) return undefined;
      throw error;
    });
    if (file === undefined) return undefined;
    if (file.readableByOthers && !warned.has(path)) {
      warned.add(path);
      log.warn({ reason: "CredentialsReadableByOthers", path }, `others may read ${path}: chmod 600 it`);
    }
    return file.logins.get(registryNamed(row.server));
  }

  return {
    loginFor: async (reference, namespace) => {
      for (const row of rowsFor(reference)) {
        const login = await loginIn(row, namespace);
        if (login !== undefined) return login;
      }
      return undefined;
    },
    loginsFor: async (namespace) => {
      const found = new Map<string, RegistryLogin>();
      for (const row of rows) {
        const login = await loginIn(row, namespace);
        if (login !== undefined && !found.has(row.server)) found.set(row.server, login);
      }
      return [...found.values()];
    },
    scopeOf: (reference, namespace) => {
      const isPersonal = rowsFor(reference).some(({ credentialsFile }) => credentialsFile.includes("{user}"));
      return isPersonal ? namespace : "";
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && /: ENOENT/.test(error.message);
}
