/** Runs older than this say nothing about those of today. */
const keptMs = 90 * 24 * 60 * 60 * 1000;
/** The last runs of one name, and of one user, that are kept. */
const keptPerName = 10;
const keptPerNamespace = 100;
/** One run alone is no ground for an estimate. */
const leastRuns = 2;

/** What a run is known by when another one is to be judged by it. */
export interface RunIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
}

/** Work that held devices and has ended. Times in milliseconds. */
export interface PastRun extends RunIdentity {
  readonly endedAt: number;
  /** From its start to when it gave its devices up, restarts included. */
  readonly ranMs: number;
}

/** Work that holds devices now. */
export interface OpenRun extends RunIdentity {
  readonly uid: string;
  readonly since: number;
  /** When it was last seen, for one that vanishes between two looks. */
  readonly seenAt: number;
}

/** How long work took; in the state directory under this version. */
export interface RunHistory {
  readonly version: 1;
  readonly runs: readonly PastRun[];
  readonly open: readonly OpenRun[];
}

/** What is seen of all runs at one moment. */
export interface RunsNow {
  readonly at: number;
  /** Work that runs; `since` counts only when it is seen for the first time. */
  readonly running: readonly Omit<OpenRun, "seenAt">[];
  /** Uids whose devices are still theirs, running or about to start again. */
  readonly holding: ReadonlySet<string>;
  /** When work that is over has ended; undefined: nothing of it is left. */
  endedAt(uid: string): number | undefined;
  /** True for work that was made to give way: how long it took says nothing. */
  gaveWay(uid: string): boolean;
}

export const noRuns: RunHistory = { version: 1, runs: [], open: [] };

/** The history after a look. Each run is counted once, whenever it is looked: what was open and is no more has ended. */
export function advanceRuns(history: RunHistory, now: RunsNow): RunHistory {
  const running = new Map(now.running.map((run) => [run.uid, run]));
  const known = new Map(history.open.map((run) => [run.uid, run]));
  const goesOn = history.open.filter(({ uid }) => running.has(uid) || now.holding.has(uid));
  const open = [
    ...goesOn.map((run) => {
      const seen = running.get(run.uid);
      return seen === undefined ? run : { ...seen, since: run.since, seenAt: now.at };
    }),
    ...now.running.filter(({ uid }) => !known.has(uid)).map((run) => ({ ...run, seenAt: now.at })),
  ];
  const over = history.open.filter((run) => !goesOn.includes(run) && !now.gaveWay(run.uid));
  const ended = over.map(({ uid, namespace, name, image, since, seenAt }): PastRun => {
    const endedAt = now.endedAt(uid) ?? seenAt;
    return { namespace, name, image, endedAt, ranMs: Math.max(0, endedAt - since) };
  });
  return { version: 1, open, runs: kept([...history.runs, ...ended], now.at) };
}

/** The newest runs of each name and user, oldest first. */
function kept(runs: readonly PastRun[], now: number): readonly PastRun[] {
  const counts = new Map<string, number>();
  const fits = (key: string, most: number): boolean => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= most;
  };
  return runs
    .filter(({ endedAt }) => now - endedAt <= keptMs)
    .toSorted((left, right) => right.endedAt - left.endedAt)
    .filter(
      ({ namespace, name }) => fits(`${namespace}/${name}`, keptPerName) && fits(namespace, keptPerNamespace),
    )
    .toReversed();
}

const runsByKey = new WeakMap<RunHistory, ReadonlyMap<string, readonly number[]>>();

/**
 * How long work is expected to take in all that has run for `elapsedMs` already: the median of earlier runs of its
 * name, else of its owner's runs of the same image, that took longer. undefined when there are too few, or none took
 * so long. A guess for people to plan by: nothing is decided by it.
 */
export function expectedRunMs(
  history: RunHistory,
  { namespace, name, image }: RunIdentity,
  elapsedMs: number,
): number | undefined {
  const byKey = runsByKey.get(history) ?? indexOf(history);
  runsByKey.set(history, byKey);
  const keys = [nameKey(namespace, name), imageKey(namespace, image)];
  const earlier = keys.map((key) => byKey.get(key) ?? []).find(({ length }) => length >= leastRuns);
  return median((earlier ?? []).filter((ranMs) => ranMs > elapsedMs));
}

/** A history read back from a file; without any runs for anything else. */
export function parseRunHistory(value: unknown): RunHistory {
  if (typeof value !== "object" || value === null || Reflect.get(value, "version") !== 1) return noRuns;
  const { runs, open } = value as Partial<RunHistory>;
  return {
    version: 1,
    runs: listOf(runs).filter(isPastRun),
    open: listOf(open).filter(isOpenRun),
  };
}

function indexOf({ runs }: RunHistory): ReadonlyMap<string, readonly number[]> {
  const byKey = new Map<string, number[]>();
  for (const { namespace, name, image, ranMs } of runs) {
    for (const key of [nameKey(namespace, name), imageKey(namespace, image)]) {
      const found = byKey.get(key);
      if (found === undefined) byKey.set(key, [ranMs]);
      else found.push(ranMs);
    }
  }
  return byKey;
}

/** Names and images have no blanks. */
function nameKey(namespace: string, name: string): string {
  return `name ${namespace} ${name}`;
}

function imageKey(namespace: string, image: string): string {
  return `image ${namespace} ${image}`;
}

function median(values: readonly number[]): number | undefined {
  const ordered = values.toSorted((left, right) => left - right);
  const middle = Math.floor(ordered.length / 2);
  const [low, high] = [ordered[ordered.length % 2 === 0 ? middle - 1 : middle], ordered[middle]];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isPastRun(value: unknown): value is PastRun {
  return isRun(value, ["namespace", "name", "image"], ["endedAt", "ranMs"]);
}

function isOpenRun(value: unknown): value is OpenRun {
  return isRun(value, ["uid", "namespace", "name", "image"], ["since", "seenAt"]);
}

function isRun(value: unknown, texts: readonly string[], times: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return (
    texts.every((field) => typeof fields[field] === "string") &&
    times.every((field) => Number.isFinite(fields[field]))
  );
}
