import type { SpecIdentity } from "../api/identity.ts";
import { objectKey } from "../api/meta.ts";
import { adminFolders } from "../api/spec-folders.ts";
import { confirmationOf, type BlockedPrune } from "../api/blocked-prune.ts";
import { reckonedTime, type NotedTime } from "../core/container-clock.ts";
import { isToFinish, whileItFinishes } from "../core/deletion-policy.ts";
import { judgePrune, pruneDisabled, type PruneRule, pruneRuleOf } from "../core/prune-guard.ts";
import type { StoredRecord } from "../core/record.ts";
import { seenPruneReasons } from "../core/seen-prune-reason.ts";
import type { PruneDeskOptions } from "./prune-desk-options.ts";
import { heldBack, PruneEffects, type PruneBlocked } from "./prune-effects.ts";
import { ExpectedRemovals } from "./expected-removals.ts";
import { PatientTimer } from "./patient-timer.ts";
import { identityKey } from "./spec-index.ts";
import { isRecent } from "../util/is-recent.ts";
import { storedRecord, storedRecords } from "./stored-record.ts";

/** Editors save by rename: a file may be gone this long without meaning it (I11). */
const candidateMs = 3000;
/** What is held back, or finishes first, tells of itself: it is looked for no more often than a directory is read anyway. */
const maximumPauseMs = 20_000;

interface Candidate extends NotedTime {
  readonly identity: SpecIdentity;
}

/**
 * Objects whose file is gone. They wait for three seconds, are looked for once more, and are judged together;
 * nothing is judged while the source cannot be read.
 */
export class PruneDesk {
  readonly #options: PruneDeskOptions;
  readonly #candidates = new Map<string, Candidate>();
  readonly #expected: ExpectedRemovals;
  readonly #effects: PruneEffects;
  readonly #timer: PatientTimer;
  #compared = "";
  #blocked: BlockedPrune | null = null;
  #synced = false;
  #cameBackEmpty = false;
  #judging = false;
  /** When the source was read last for a decision; milliseconds since the epoch. */
  #lookedAt = 0;
  /** Something came while others were judged. */
  #judgeAgain = false;
  /** Its candidates wait until every source was asked. */
  #waitsForOthers = false;

  constructor(options: PruneDeskOptions) {
    this.#options = options;
    this.#expected = new ExpectedRemovals(options.clock);
    this.#effects = new PruneEffects(options);
    this.#timer = new PatientTimer({
      clock: options.clock,
      firstPauseMs: candidateMs,
      maximumPauseMs,
      onTime: () => void this.#judge(),
    });
  }

  vanished(identity: SpecIdentity): void {
    const key = identityKey(identity);
    if (!this.#candidates.has(key)) {
      const { clock } = this.#options;
      this.#candidates.set(key, { identity, at: clock.now(), clock: clock.reading() });
    }
    this.#timer.plan(this.#expected.by(key) === undefined ? candidateMs : 0);
  }

  returned(identity: SpecIdentity): void {
    const key = identityKey(identity);
    this.#expected.forget(key);
    if (!this.#candidates.delete(key) || this.#blocked === null) return;
    if (this.#candidates.size === 0) this.#blocked = null;
    else this.#timer.plan(0);
  }

  /** The disappearance of this object is meant, be it to come or known already: no waiting, no guard. */
  expect(identity: SpecIdentity, actor: string): void {
    const elements = this.#storedOfSource().filter(
      ({ namespace, source }) => source.element?.of === identity.name && namespace === identity.namespace,
    );
    const keys = [identity, ...elements].map(identityKey);
    for (const key of keys) this.#expected.note(key, actor, this.#candidates.has(key));
    // A source tells once that a file is gone: of what waits for a decision it says nothing more.
    if (keys.some((key) => this.#candidates.has(key))) this.#timer.plan(0);
  }

  /** A complete scan: whatever is stored and stands in no file has vanished, also while we were away. */
  async synced(files: number): Promise<void> {
    const wasAway = !this.#synced;
    this.#synced = true;
    if (files > 0) this.#cameBackEmpty = false;
    else if (wasAway && this.#storedOfSource().length > 0) this.#cameBackEmpty = true;
    // Most scans find nothing new, and then what stands in a file still does.
    const compared = `${this.#options.index.version} ${this.#options.store.resourceVersion()}`;
    if (!wasAway && this.#candidates.size === 0 && compared === this.#compared) return;
    this.#compared = compared;
    for (const record of this.#storedOfSource()) {
      const identity = { kind: record.kind, namespace: record.namespace, name: record.name };
      if (!this.#options.index.isUndeclared(identity)) continue;
      if (wasAway || !this.#candidates.has(identityKey(identity))) this.vanished(identity);
      else this.#timer.again();
    }
  }

  unavailable(): void {
    this.#synced = false;
  }

  /** Another source was asked. */
  othersAsked(): void {
    if (!this.#waitsForOthers || !this.#options.book.allAsked) return;
    this.#waitsForOthers = false;
    this.#timer.plan(candidateMs);
  }

  blocked(): readonly BlockedPrune[] {
    const blocked = this.#blocked;
    if (blocked === null) return [];
    // What has vanished since was not shown: until all is judged anew, only the token says what is meant.
    const isAsShown = this.#toJudge().every(({ identity }) =>
      blocked.objects.includes(objectKey(identity.namespace, identity.name)),
    );
    return [isAsShown ? blocked : { ...blocked, revision: null }];
  }

  /** Lets the blocked set through; nothing when the token is not that of the present set. */
  async confirm(token: string, actor: string): Promise<void> {
    const blocked = this.#blocked;
    if (blocked === null || blocked.token !== token) return;
    this.#blocked = null;
    this.#cameBackEmpty = false;
    // What has vanished since the token was shown was not confirmed.
    const confirmed = [...this.#candidates.values()].filter(({ identity }) =>
      blocked.objects.includes(objectKey(identity.namespace, identity.name)),
    );
    for (const candidate of confirmed) await this.#letGo(candidate, `confirmed by ${actor}`);
    if (this.#candidates.size > 0) this.#timer.plan(candidateMs);
  }

  async #judge(): Promise<void> {
    this.#judgeAgain = this.#judging;
    if (this.#judging || !this.#synced || this.#candidates.size === 0) return;
    this.#judging = true;
    try {
      await this.#look();
      if (this.#synced) await this.#decide();
    } catch (error) {
      this.#options.log.error({ err: error, reason: "PruneFailed" }, "vanished specs could not be judged");
      this.#timer.plan(candidateMs);
    } finally {
      this.#judging = false;
      if (this.#judgeAgain) this.#timer.plan(0);
    }
  }

  async #look(): Promise<void> {
    await this.#options.rescan();
    this.#lookedAt = this.#options.clock.now();
  }

  async #decide(): Promise<void> {
    for (const [key, candidate] of this.#candidates) {
      const actor = this.#expected.by(key);
      if (actor !== undefined) await this.#delete(candidate, `deleted by ${actor}`);
    }
    // Not before: what has vanished while these were written down would look as if the clock had been set back.
    const now = this.#options.clock.now();
    this.#reckon(now);
    this.#waitsForOthers = !this.#options.book.allAsked;
    if (this.#waitsForOthers) return;
    for (const candidate of this.#candidates.values()) {
      const cause = this.#letThrough(candidate);
      if (this.#ruleOf(candidate) === "disabled") await this.#keep(candidate, heldBack(pruneDisabled));
      else if (cause !== undefined) await this.#letGo(candidate, cause);
    }
    const waiting = this.#toJudge();
    const due = waiting.filter(({ at }) => now - at >= candidateMs);
    if (due.length < waiting.length) this.#timer.plan(candidateMs);
    if (due.length === 0) return;
    // The elements of a sweep go with it: they are no objects that somebody has written.
    const written = waiting.filter(({ identity }) => this.#stored(identity)?.source.element === undefined);
    const verdict = judgePrune({
      vanished: written.map(({ identity }) => objectKey(identity.namespace, identity.name)),
      total: this.#storedOfSource().filter(({ source }) => source.element === undefined).length,
      cameBackEmpty: this.#cameBackEmpty,
      retiredSources: this.#options.retired === true ? this.#sourcesOf(waiting) : [],
      unreadSources: this.#options.book.neverRead,
      missingDirectories: this.#missingDirectories(waiting),
      toConfirm: waiting
        .filter((candidate) => this.#ruleOf(candidate) === "confirm")
        .map(({ identity }) => objectKey(identity.namespace, identity.name)),
      heldBack: waiting.some(({ identity }) => this.#stored(identity)?.pruneBlocked != null),
    });
    if (verdict.type === "allowed") {
      for (const candidate of due) await this.#letGo(candidate, `its file is gone`);
      return;
    }
    const objects = waiting.map(({ identity }) => objectKey(identity.namespace, identity.name)).toSorted();
    const { token } = verdict;
    // A revision that changes nothing about the set does not undo what was shown of it.
    const shown = this.#blocked?.token === token ? this.#blocked.revision : this.#options.revision();
    const reason = `${verdict.message}; nothing is removed. Confirm with: ds01 prune --confirm ${confirmationOf({ token, revision: shown })}`;
    this.#blocked = { token, revision: shown, objects, reason };
    // What an object says of itself is read by its owner, not only by admins.
    const seen = seenPruneReasons(this.#blocked);
    for (const candidate of waiting)
      await this.#keep(candidate, heldBack(seen(candidate.identity.namespace)));
  }

  /** Where the clock was set, nothing has been gone for longer by that, and nobody waits for where it was. */
  #reckon(now: number): void {
    const reading = this.#options.clock.reading();
    for (const [key, candidate] of this.#candidates) {
      const { at, clock } = reckonedTime(candidate, reading);
      if (at !== candidate.at || at > now)
        this.#candidates.set(key, { ...candidate, at: Math.min(at, now), clock });
    }
  }

  /** Neither kept for good nor let through before. */
  #toJudge(): readonly Candidate[] {
    return [...this.#candidates.values()].filter(
      (candidate) => this.#ruleOf(candidate) !== "disabled" && this.#letThrough(candidate) === undefined,
    );
  }

  /** Why it goes once its job has come to its end; undefined where that is not decided. */
  #letThrough({ identity }: Candidate): string | undefined {
    return this.#stored(identity)?.pruneBlocked?.cause;
  }

  #ruleOf({ identity }: Candidate): PruneRule {
    const record = this.#stored(identity);
    return record === undefined ? null : pruneRuleOf(record);
  }

  #sourcesOf(candidates: readonly Candidate[]): readonly string[] {
    return [...new Set(candidates.map(({ identity }) => this.#stored(identity)?.source.source ?? ""))];
  }

  #missingDirectories(candidates: readonly Candidate[]): readonly string[] {
    const directories = candidates.map(({ identity: { kind, namespace } }) =>
      kind === "ContainerSpec" ? `users/${namespace}` : adminFolders[kind],
    );
    return [...new Set(directories)].filter((path) => !this.#options.hasDirectory(path));
  }

  /** A job that is to finish first is deleted when it has; nobody is asked again for that. */
  async #letGo(candidate: Candidate, cause: string): Promise<void> {
    const record = this.#stored(candidate.identity);
    if (record !== undefined && isToFinish(record, this.#options.deletionPolicy))
      await this.#keep(candidate, whileItFinishes(cause));
    else await this.#delete(candidate, cause);
  }

  async #delete(candidate: Candidate, cause: string): Promise<void> {
    const { identity } = candidate;
    const key = identityKey(identity);
    const noted = this.#isGone(candidate) ? this.#stored(identity) : undefined;
    if (noted !== undefined && this.#options.dryRun !== true) await this.#options.onDelete?.(noted, cause);
    // Who was held up meanwhile (stopped, the machine paused, the disk slow) has heard of nothing.
    if (!isRecent(this.#lookedAt, this.#options.clock.now(), candidateMs)) await this.#look();
    if (!this.#synced || !this.#isGone(candidate)) return;
    this.#candidates.delete(key);
    this.#expected.forget(key);
    const record = this.#stored(identity);
    if (record === undefined) return;
    await this.#effects.remove(record, cause);
  }

  async #keep(candidate: Candidate, why: PruneBlocked): Promise<void> {
    const record = this.#isGone(candidate) ? this.#stored(candidate.identity) : undefined;
    if (record !== undefined) await this.#effects.keep(record, why);
  }

  /** While others were written down, or this one was noted, its file may have come back. */
  #isGone(candidate: Candidate): boolean {
    const { identity } = candidate;
    return (
      this.#candidates.get(identityKey(identity)) === candidate && this.#options.index.isUndeclared(identity)
    );
  }

  #stored(identity: SpecIdentity): StoredRecord | undefined {
    return storedRecord(this.#options.store, identity);
  }

  #storedOfSource(): readonly StoredRecord[] {
    const { store, owns } = this.#options;
    return storedRecords(store).filter(({ source, deletion }) => owns(source.source) && deletion === null);
  }
}
