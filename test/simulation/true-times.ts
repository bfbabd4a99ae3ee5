import { labels } from "../../src/api/names.ts";
import { parseRecord } from "../../src/adapters/store/record-file.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import type { FakeContainer } from "../support/fake-container.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";

/** A time as the engine says it, and what it was in time that nobody sets. */
interface Moment {
  readonly stamp: number;
  readonly at: number;
  /** The wall clock was set before a controller had written down that it knows this time. */
  isUnsure: boolean;
}

interface Run {
  readonly uid: string;
  started: Moment | null;
  ended: Moment | null;
}

/** How long everything took, whatever the wall clock was set to meanwhile. */
export class TrueTimes {
  /** Of each container the last run. */
  readonly #runs = new Map<string, Run>();
  /** Uid -> what its runs took that are over. */
  readonly #ranMs = new Map<string, number>();
  readonly #unsure = new Set<string>();

  /** After each step, before it can matter. */
  look(containers: readonly FakeContainer[], now: number): void {
    for (const container of containers) {
      const { id, startedAt, finishedAt } = container;
      if (startedAt === null) continue;
      const uid = container.labels[labels.uid] ?? "";
      const run = this.#runs.get(id) ?? { uid, started: null, ended: null };
      this.#runs.set(id, run);
      const moment = (stamp: number): Moment => ({ stamp, at: now, isUnsure: false });
      if (run.started?.stamp !== startedAt) {
        run.started = moment(startedAt);
        run.ended = null;
      }
      if (isLive(container) || finishedAt === null || run.ended?.stamp === finishedAt) continue;
      run.ended = moment(finishedAt);
      this.#ranMs.set(uid, (this.#ranMs.get(uid) ?? 0) + now - run.started.at);
    }
  }

  /** The wall clock is about to be set: what no controller has written down by now it cannot tell from then on. */
  beforeJump({ records }: SimulatedDisk): void {
    const known = [...records].flatMap(([path, text]) => {
      const record = parseRecord(text, path);
      return "corrupt" in record || record.kind !== "ContainerSpec" ? [] : (record.memory.clocks ?? []);
    });
    for (const [id, { uid, started, ended }] of this.#runs) {
      const written = known.find(
        ({ containerId, startedAt }) => containerId === id && startedAt === started?.stamp,
      );
      const isEndWritten = written !== undefined && written.finishedAt === ended?.stamp;
      if (started !== null && written === undefined) started.isUnsure = true;
      if (ended !== null && !isEndWritten) ended.isUnsure = true;
      if (written === undefined || (ended !== null && !isEndWritten)) this.#unsure.add(uid);
    }
  }

  /** How long ago the container has ended; null where nobody can know (milliseconds). */
  endedAgoMs(id: string, now: number): number | null {
    const ended = this.#runs.get(id)?.ended ?? null;
    return ended === null || ended.isUnsure ? null : now - ended.at;
  }

  /** How long the container has been running; null where nobody can know, and while it does not. */
  runsMs(id: string, now: number): number | null {
    const run = this.#runs.get(id);
    return run?.started == null || run.started.isUnsure || run.ended !== null ? null : now - run.started.at;
  }

  /** How long all runs of the object took, those of earlier versions of it too; null where nobody can know. */
  ranMs({ uid }: ContainerRecord, now: number): number | null {
    if (this.#unsure.has(uid)) return null;
    const running = [...this.#runs.values()].filter((run) => run.uid === uid && run.ended === null);
    const nowMs = running.reduce((sum, { started }) => sum + (started === null ? 0 : now - started.at), 0);
    return (this.#ranMs.get(uid) ?? 0) + nowMs;
  }
}
