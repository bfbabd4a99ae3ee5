import { labels } from "../api/names.ts";
import { numericUser } from "../core/account/container-user.ts";
import { isOwnSecret, wantedSecrets, type WantedSecret } from "../core/given-files/secrets.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerFiles } from "../ports/container-files.ts";
import type { Log } from "../ports/log.ts";
import type { SecretFiles } from "../ports/secret-files.ts";
import { StalledError } from "../util/errors.ts";
import type { GivenFileBook } from "./given-file-book.ts";
import type { RuntimeCache } from "./runtime-cache.ts";

/** No image's account file is longer. */
const longestFile = 1_048_576;

export interface ContainerSecretsOptions {
  /** null: the engine runs on another machine. */
  readonly files: SecretFiles | null;
  readonly root: string | null;
  readonly givenFiles: Pick<GivenFileBook, "secrets">;
  readonly containerFiles: Pick<ContainerFiles, "read">;
  readonly cache: Pick<RuntimeCache, "refresh" | "all" | "ready">;
  readonly log: Log;
  readonly dryRun: boolean;
}

/** Puts secrets where containers mount them from: fresh before each start, and gone with the last container. */
export class ContainerSecrets {
  readonly #options: ContainerSecretsOptions;
  /** Uids of objects that may have files: specs may have lost their secrets since. */
  readonly #kept = new Set<string>();

  constructor(options: ContainerSecretsOptions) {
    this.#options = options;
  }

  /** The engine makes no container with a mount of nothing. What the secrets hold comes before the start. */
  async beforeCreate(record: ContainerRecord): Promise<void> {
    const wanted = this.#wanted(record);
    if (wanted.length === 0) return;
    const names = wanted.map(({ name }) => name);
    this.#kept.add(record.uid);
    await this.#files(record).reserve(record.uid, names);
  }

  /** Writes the secrets that the container mounts for its user. Throws WaitingError with the reason of their file. */
  async beforeStart(
    record: ContainerRecord,
    idOrName: string,
    known: ObservedContainer | undefined,
  ): Promise<void> {
    const wanted = this.#wanted(record);
    if (wanted.length === 0) return;
    const { cache, containerFiles, givenFiles } = this.#options;
    const container = known ?? (await cache.refresh(idOrName));
    if (container === undefined) return;
    const { mounts, user } = container.config;
    // One of an earlier spec has what that wanted.
    const mounted = wanted.filter(({ source }) =>
      mounts.some((mount) => mount.type === "bind" && mount.source === source),
    );
    if (mounted.length === 0) return;
    const contents = await givenFiles.secrets(record, new Set(mounted.map(({ name }) => name)));
    const as = await numericUser(user, {
      passwd: () => containerFiles.read(container.id, "/etc/passwd", longestFile),
      group: () => containerFiles.read(container.id, "/etc/group", longestFile),
    });
    const files = this.#files(record);
    this.#kept.add(record.uid);
    for (const { name, mode } of mounted) {
      const content = contents.get(name);
      if (content !== undefined) await files.write(record.uid, name, { content, mode, ...as });
    }
  }

  /** Removes the secrets of an object that has no container which mounts them. */
  async tidy({ uid }: Pick<ContainerRecord, "uid">): Promise<void> {
    const { files, root, cache, dryRun } = this.#options;
    if (files === null || dryRun || !cache.ready || !this.#kept.has(uid)) return;
    const own = cache.all().filter((container) => container.labels[labels.uid] === uid);
    if (own.some(({ config }) => config.mounts.some((mount) => isOwnSecret(mount, root, uid)))) return;
    await files.remove(uid);
    this.#kept.delete(uid);
  }

  /** Removes the secrets of all that have no container; those of one that is being made come again before its start. */
  async sweep(): Promise<void> {
    const { files, cache, log, dryRun } = this.#options;
    if (files === null || dryRun || !cache.ready) return;
    try {
      const kept = new Set(cache.all().map((container) => container.labels[labels.uid]));
      for (const uid of await files.owners()) {
        if (kept.has(uid)) this.#kept.add(uid);
        else await files.remove(uid);
      }
    } catch (error) {
      log.error({ err: error, reason: "SecretsNotSwept" }, "secrets of earlier containers were not removed");
    }
  }

  #wanted({ spec, uid }: ContainerRecord): readonly WantedSecret[] {
    return spec === null ? [] : wantedSecrets(spec, this.#options.root, uid);
  }

  #files({ namespace, name }: ContainerRecord): SecretFiles {
    const { files } = this.#options;
    if (files !== null) return files;
    throw new StalledError({
      reason: "SecretsNeedLocalEngine",
      message: `${namespace}/${name} has secrets, which ds01 can give only to containers of an engine on its own machine`,
    });
  }
}
