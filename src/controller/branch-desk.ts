import { apiVersion } from "../api/names.ts";
import { allowsBranch, mustBeBranchName } from "../core/push-rules.ts";
import type { BranchPushes, BranchRequest } from "../ports/branch-pushes.ts";
import type { BranchChange, PushedBranch } from "../ports/branch-writer.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Log } from "../ports/log.ts";
import type { SpecSource } from "../ports/spec-source.ts";
import type { Store } from "../ports/store.ts";
import { DeniedError, Ds01Error, InvalidError } from "../util/errors.ts";
import { involved } from "./recorder.ts";
import { storedRecord } from "./stored-record.ts";

export interface BranchDeskOptions {
  readonly sources: readonly SpecSource[];
  readonly store: Store;
  readonly events: EventSink;
  readonly log: Log;
  /** True: nothing is ever pushed. */
  readonly dryRun: boolean;
}

/** A source that takes pushes to a branch. */
type PushingSource = SpecSource & { readonly push: (change: BranchChange) => Promise<PushedBranch> };

/** Sends changes of what Git declares to branches, for review: decides to which repository, and who may. */
export class BranchDesk implements BranchPushes {
  readonly #options: BranchDeskOptions;

  constructor(options: BranchDeskOptions) {
    this.#options = options;
  }

  branchesOf(source: string): readonly string[] {
    return this.#options.sources.find(({ name }) => name === source)?.pushBranches ?? [];
  }

  async push(request: BranchRequest): Promise<PushedBranch & { readonly source: string }> {
    const { branch, path, by, message, edit } = request;
    mustBeBranchName(branch);
    const source = this.#sourceFor(request);
    this.#refuseFollowed(source, branch);
    const dryRun = request.dryRun || this.#options.dryRun;
    try {
      const pushed = await source.push({ branch, path, by, message, dryRun, edit });
      if (pushed.changed && !dryRun) this.#tell(request, source.name, pushed);
      return { source: source.name, ...pushed };
    } catch (error) {
      if (error instanceof Ds01Error) {
        const { reason } = error;
        this.#options.log.warn({ reason, source: source.name, branch, path, by }, error.message);
      }
      throw error;
    }
  }

  /** Where the object comes from; what is new goes to the only source that takes the branch. */
  #sourceFor(request: BranchRequest): PushingSource {
    const { identity, branch, by } = request;
    const from = storedRecord(this.#options.store, identity)?.source.source;
    const { sources } = this.#options;
    if (from !== undefined && !sources.some(({ name }) => name === from)) throw removedSource(from);
    const git = sources.filter(({ place }) => place.type === "git");
    const places = from === undefined ? git : git.filter(({ name }) => name === from);
    if (places.length === 0) throw notNeeded(from);
    const [found, other] = places.filter(
      (source): source is PushingSource =>
        source.push !== undefined && allowsBranch(source.pushBranches ?? [], branch, by),
    );
    if (found === undefined) throw notAllowed(places, branch);
    if (other === undefined) return found;
    throw new InvalidError({
      reason: "SourceAmbiguous",
      message: `"${found.name}" and "${other.name}" both take ${branch}, and nothing says to which of them a new object goes`,
      remedy: "take a branch that only one of them takes, or commit it there",
    });
  }

  /**
   * Several sources may follow one repository, and it may have any number of addresses: another host, a link, a rename
   * at the forge. So the name of the branch is what counts, whatever its case.
   */
  #refuseFollowed({ place: { url } }: SpecSource, branch: string): void {
    const follows = ({ place: { type, ref } }: SpecSource): boolean =>
      type === "git" && ref?.replace(/^refs\/heads\//, "").toLowerCase() === branch.toLowerCase();
    const follower = this.#options.sources.find(follows);
    if (follower === undefined) return;
    const where =
      follower.place.url === url ? "" : ` at ${follower.place.url}, which may be the same repository`;
    throw new DeniedError({
      reason: "BranchFollowed",
      message: `${branch} is what the source "${follower.name}" follows${where}: what comes into effect is reviewed`,
      remedy: "take another branch, and have it merged",
    });
  }

  #tell({ identity, branch, by }: BranchRequest, source: string, { commit, path }: PushedBranch): void {
    const { events, log, store } = this.#options;
    const reason = "BranchPushed";
    const message = `${by} has pushed ${commit.slice(0, 12)} to the branch ${branch} of ${source}: ${path}`;
    log.info({ reason, source, branch, commit, path, by }, message);
    const record = storedRecord(store, identity) ?? { ...identity, uid: "" };
    events.record({ type: "Normal", reason, message, about: involved(record, apiVersion) });
  }
}

function removedSource(source: string): InvalidError {
  return new InvalidError({
    reason: "SourceRemoved",
    message: `it comes from the source "${source}", which the configuration no longer has`,
    remedy: "declare it in another source, or have an admin bring that one back",
  });
}

function notNeeded(source: string | undefined): InvalidError {
  return new InvalidError({
    reason: "BranchNotNeeded",
    message:
      source === undefined
        ? "no source is a Git repository, so there is no branch to push to"
        : `it comes from the source "${source}", a directory of this host, and has no branches`,
    remedy: "the same without --branch changes the file",
  });
}

function notAllowed(places: readonly SpecSource[], branch: string): DeniedError {
  const taken = places.flatMap(({ pushBranches = [] }) => pushBranches);
  const names = places.map(({ name }) => `"${name}"`).join(" and ");
  return new DeniedError({
    reason: "PushNotAllowed",
    message:
      taken.length === 0
        ? `the source ${names} takes no pushes from the machine`
        : `the source ${names} takes no pushes to ${branch}`,
    remedy:
      taken.length === 0
        ? 'commit the change there yourself, or have an admin allow it in the configuration: sources[].git.push: {branches: ["ds01/*"]}'
        : `take one of ${taken.join(", ")} ({user} stands for you), or have an admin add it to sources[].git.push.branches`,
  });
}
