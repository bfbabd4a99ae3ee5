import { apiVersion } from "../api/names.ts";
import { homeDirectory, type OwnerAccount } from "../core/account/owner-account.ts";
import { planAccount, type AccountFacts } from "../core/account/plan-account.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { plainPath } from "../core/plan/plain-path.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerFiles } from "../ports/container-files.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Identity } from "../ports/identity.ts";
import type { Log } from "../ports/log.ts";
import { messageOf, UnreachableError } from "../util/errors.ts";
import { involved } from "./recorder.ts";

/** No image's account file is longer. */
const longestFile = 1_048_576;

export interface ContainerAccountOptions {
  readonly files: ContainerFiles;
  readonly identity: Identity;
  readonly events: EventSink;
  readonly log: Log;
}

/** Gives the owner of a container a name and a HOME inside it, before it runs for the first time. */
export class ContainerAccount {
  readonly #options: ContainerAccountOptions;

  constructor(options: ContainerAccountOptions) {
    this.#options = options;
  }

  /**
   * Done again at each start until one has succeeded, so a crash in between leaves nothing half-made. `container` is
   * undefined for one that was made just now. What cannot be added is told and keeps nobody from running.
   */
  async beforeStart(
    record: ContainerRecord,
    idOrName: string,
    container: ObservedContainer | undefined,
  ): Promise<void> {
    if (record.spec?.user !== "owner") return;
    if (container !== undefined && container.startedAt !== null) return;
    const { identity, files, log } = this.#options;
    const account = await identity.accountOf(record.namespace);
    if (account === undefined) return;
    // One that was made for another account is replaced, not furnished.
    if (container !== undefined && container.config.user !== `${account.uid}:${account.gid}`) return;
    try {
      const facts = await this.#factsOf(idOrName, account, settingsOf(record, container));
      const { writes, missing } = planAccount(account, facts);
      if (writes.length > 0) {
        await files.write(idOrName, writes);
        log.debug({ paths: writes.map(({ path }) => path) }, "account added to the container");
      }
      if (missing !== null) this.#tell(record, account, missing);
    } catch (error) {
      if (error instanceof UnreachableError) throw error;
      this.#tell(record, account, messageOf(error));
    }
  }

  async #factsOf(
    idOrName: string,
    account: OwnerAccount,
    settings: Pick<AccountFacts, "mounts" | "readOnly">,
  ): Promise<AccountFacts> {
    const { files } = this.#options;
    const folderAt = async (path: string): Promise<"directory" | "other" | null> => {
      const kind = await files.kindOf(idOrName, path);
      return kind === null || kind === "directory" ? kind : "other";
    };
    const etc = await folderAt("/etc");
    const textAt = async (path: string): Promise<string | null | undefined> => {
      const kind = etc === "directory" ? await files.kindOf(idOrName, path) : null;
      if (kind === null) return null;
      return kind === "file" ? ((await files.read(idOrName, path, longestFile)) ?? undefined) : undefined;
    };
    const homePath: { path: string; kind: "directory" | "other" | null }[] = [];
    for (const path of pathsDownTo(homeDirectory(account))) {
      const above = homePath.at(-1);
      // Below nothing there is nothing; what lies behind a link is not looked for.
      const kind = above === undefined || above.kind === "directory" ? await folderAt(path) : above.kind;
      homePath.push({ path, kind });
    }
    return {
      etc,
      passwd: await textAt("/etc/passwd"),
      group: await textAt("/etc/group"),
      hasBash: (await files.kindOf(idOrName, "/bin/bash")) !== null,
      homePath,
      ...settings,
    };
  }

  #tell(record: ContainerRecord, { uid, gid }: OwnerAccount, why: string): void {
    this.#options.events.record({
      type: "Warning",
      reason: "AccountNotAdded",
      message: `runs as ${uid}:${gid}, but its user, groups or HOME could not be added to the container: ${why}`,
      about: involved(record, apiVersion),
    });
  }
}

function settingsOf(
  { spec }: ContainerRecord,
  container: ObservedContainer | undefined,
): Pick<AccountFacts, "mounts" | "readOnly"> {
  if (container !== undefined) {
    const { mounts, security } = container.config;
    return { mounts: mounts.map(({ target }) => target), readOnly: security.readOnlyRootFilesystem };
  }
  return {
    mounts: (spec?.volumes ?? []).map(({ mountPath }) => plainPath(mountPath)),
    readOnly: spec?.securityContext?.readOnlyRootFilesystem ?? false,
  };
}

/** `/a/b` -> `/a`, `/a/b`. */
function pathsDownTo(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_part, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
