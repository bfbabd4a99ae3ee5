import { labels } from "../../src/api/names.ts";
import { containerName } from "../../src/core/plan/container-name.ts";
import type { ContainerRecord } from "../../src/core/record.ts";
import type { FakeContainer } from "../support/fake-container.ts";
import { compareFiles, isBroken } from "./compare-files.ts";
import { isOurs } from "./invariant-watch.ts";
import { problemAtRest } from "./object-at-rest.ts";
import type { Simulation } from "./simulate.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

/** Longest time that anything waits for once all faults are over: the longest backoff, and some. */
const calmMs = 330_000;
/** How often it may be waited for: a maxRuntime of minutes is used up in runs of seconds, one in each backoff. */
const patience = 24;
/** A restart must change nothing within this time: the first relist and the first audit are over. */
const restartMs = 400_000;

/** What is made of it ends by itself again and again. */
const restlessImage = "bed/crash:1";

/** What ends again and again is started so often at most while a restart is to change nothing: its pauses have grown by then. */
const maximumStarts = 8;

/** Within this time an event is seen. */
const momentMs = 1500;
/** An event may be told so often while a controller that was restarted comes to rest. */
const maximumRepeats = 6;
/** Ends all faults, waits until nothing changes, and compares the world with the files; then restarts the controller. */
export async function settle(simulation: Simulation): Promise<void> {
  simulation.tell(">>> all faults end");
  endFaults(simulation.world);
  await simulation.pass(90_000);
  if (simulation.world.acting === null) simulation.world.startController();
  if (!(await comesToRest(simulation))) return;
  await endsAreSeen(simulation);
  compare(simulation, "");
  if (simulation.violation !== null) return;
  simulation.tell(">>> the controller is restarted, with nothing changed");
  const before = simulation.watch.mutations.length;
  const told = simulation.watch.events.length;
  const statuses = statusesOf(simulation.world);
  const acting = simulation.world.acting;
  if (acting !== null) simulation.world.kill(acting);
  simulation.world.startController();
  await simulation.pass(restartMs);
  const mutations = changesOf(simulation, before);
  if (mutations.length > 0) report(simulation, "I6", `a restart made it ${mutations.join(", ")}`);
  const hurried = startedMost(simulation.watch.mutations.slice(before));
  if (hurried !== undefined) report(simulation, "rest", `no pauses grow between ${hurried}`);
  await endsAreSeen(simulation);
  const repeated = repeatedMost(simulation.watch.events.slice(told));
  if (repeated !== undefined) report(simulation, "events", `nothing changes, and it says ${repeated}`);
  compare(simulation, " after a restart");
  for (const [object, status] of statusesOf(simulation.world)) {
    const earlier = statuses.get(object);
    if (earlier !== status)
      report(simulation, "stale", `${object} was ${earlier}, and is ${status} after a restart`);
  }
}

/** What every object says of itself, but for those that end again and again, be it after a rollback. */
function statusesOf({ acting, engine }: SimulatedWorld): ReadonlyMap<string, string> {
  const all = acting?.store.list("ContainerSpec") ?? [];
  const restless = restlessUids(all, engine.containers);
  // What shares a port of the host with them is told now this, now that.
  const isPortRestless = all.some(({ uid, spec }) => restless.has(uid) && spec?.ports !== undefined);
  const records = all.filter(
    ({ uid, spec }) => !restless.has(uid) && !(isPortRestless && spec?.ports !== undefined),
  );
  return new Map(
    records.map(({ namespace, name, status }) => [
      `${namespace}/${name}`,
      `${status.phase} ${status.reason ?? ""}`,
    ]),
  );
}

/** Uids of what ends by itself again and again. */
function restlessUids(
  records: readonly ContainerRecord[],
  containers: readonly FakeContainer[],
): ReadonlySet<string | undefined> {
  return new Set([
    ...records.filter(({ spec }) => spec?.image === restlessImage).map(({ uid }) => uid),
    ...containers
      .filter(({ config }) => config.image === restlessImage)
      .map(({ labels: own }) => own[labels.uid]),
  ]);
}

/** What is told again and again, as `9 times alice/one Queued`. */
function repeatedMost(events: readonly string[]): string | undefined {
  return mostOf(events, maximumRepeats);
}

/** What is started again and again, as `9 times start one._.alice`. */
function startedMost(mutations: readonly string[]): string | undefined {
  return mostOf(
    mutations.filter((one) => one.startsWith("start ")),
    maximumStarts,
  );
}

/** Which of these there is most often, and how often, where that is more often than it may be. */
function mostOf(texts: readonly string[], maximum: number): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [text, count] = [...counts].toSorted(([, one], [, other]) => other - one)[0] ?? ["", 0];
  return count > maximum ? `${count} times ${text}` : undefined;
}

function endFaults(world: SimulatedWorld): void {
  world.weather.clear();
  world.engine.comeUp();
  world.tree.unavailable = null;
  world.tree.losesEvents = false;
  world.devices.failure = null;
  world.disk.isFull = false;
}

async function comesToRest(simulation: Simulation): Promise<boolean> {
  let mutations: readonly string[] = [];
  let left = patience;
  while (left > 0 && simulation.violation === null) {
    const [before, restless] = [simulation.watch.mutations.length, endingForGood(simulation.world)];
    await simulation.pass(calmMs);
    mutations = changesOf(simulation, before);
    const going = endingForGood(simulation.world);
    const isDue = somethingIsDue(simulation.world) || (left > 1 && going > 0);
    if (mutations.length === 0 && !isDue) return simulation.violation === null;
    // Who comes in the place of one that has used up its maxRuntime only now is given the time to.
    if (going >= restless) left -= 1;
  }
  report(simulation, "rest", `it goes on and on: ${mutations.slice(-12).join(", ")}`);
  return false;
}

/**
 * What has ended by itself only just is given a moment to be seen, and what is started again, or pulled once more as its
 * image is missing, for that to be done.
 */
async function endsAreSeen(simulation: Simulation): Promise<void> {
  const { engine, clock } = simulation.world;
  const hasJustEnded = ({ finishedAt }: { readonly finishedAt: number | null }): boolean =>
    finishedAt !== null && Math.abs(clock.now() - finishedAt) < momentMs;
  const isBusy = (): boolean => {
    const records = simulation.world.acting?.store.list("ContainerSpec") ?? [];
    const restless = restlessUids(records, engine.containers);
    return records.some(
      ({ uid, status }) => (restless.has(uid) && status.phase === "Starting") || status.phase === "Preparing",
    );
  };
  for (let round = 0; round < 10 && (engine.containers.some(hasJustEnded) || isBusy()); round += 1)
    await simulation.pass(momentMs);
}

/** A deadline that a status tells comes while a restart is to change nothing. */
function somethingIsDue({ acting, clock }: SimulatedWorld): boolean {
  const soon = clock.now() + restartMs + calmMs;
  return (acting?.store.list("ContainerSpec") ?? []).some(({ status }) =>
    [status.holdUntil, status.removeAt, status.expiresAt, status.queue?.eta].some(
      (time) => time !== undefined && Date.parse(time) > clock.now() && Date.parse(time) < soon,
    ),
  );
}

/**
 * How many end again and again until their maxRuntime is used up. Each is at its end then, and others may come in its
 * place.
 */
function endingForGood({ acting }: SimulatedWorld): number {
  return (acting?.store.list("ContainerSpec") ?? []).filter(
    ({ spec, status }) =>
      spec?.image === restlessImage &&
      spec.lifecycle?.maxRuntime !== undefined &&
      ["Backoff", "Running", "Starting", "Paused"].includes(status.phase),
  ).length;
}

/** Changes since then but the starts of what ends by itself again and again. */
function changesOf({ watch, world }: Simulation, since: number): readonly string[] {
  const containers = world.engine.containers.filter(({ config }) => config.image === restlessImage);
  // Its last container may have been removed since.
  const objects = (world.acting?.store.list("ContainerSpec") ?? []).filter(
    ({ spec }) => spec?.image === restlessImage,
  );
  const restless = new Set([
    ...containers.map(({ name }) => name),
    ...objects.map(({ namespace, name }) => containerName(namespace, name)),
  ]);
  return watch.mutations.slice(since).filter((one) => !restless.has(one.split(" ")[1] ?? ""));
}

function report(simulation: Simulation, rule: string, message: string): void {
  if (simulation.violation !== null) return;
  simulation.tell(`VIOLATION ${rule}: ${message}`);
  simulation.watch.violations.push({ rule, message });
}

/** It has run, and stays as somebody was told while a file of its user is not in effect. */
function isKept({ journal, tree }: SimulatedWorld, { name, startedAt, labels: own }: FakeContainer): boolean {
  const user = `users/${own[labels.user]}/`;
  const told = journal.filter(({ message }) => message.startsWith(`no spec declares ${name},`)).at(-1);
  const file = [...tree.files.keys()].find(
    (path) => path.startsWith(user) && told?.message.includes(` ${path} is not in effect`) === true,
  );
  return file !== undefined && startedAt !== null && isBroken(file, tree.files.get(file) ?? "");
}

/** The world equals the specs, or the status says why not. */
function compare(simulation: Simulation, when: string): void {
  const { acting, engine, journal, tree } = simulation.world;
  const violated = (rule: string, message: string): void => report(simulation, rule, `${message}${when}`);
  if (acting === null) return violated("rest", "no controller runs");
  const records = acting.store.list("ContainerSpec");
  const own = engine.containers.filter(isOurs);
  const isTold = (path: string): boolean => journal.some(({ message }) => message.startsWith(`${path}:`));
  compareFiles({ files: tree.files, records, violated, isTold });
  for (const container of own) {
    const isKnown = records.some(({ uid }) => uid === container.labels[labels.uid]);
    if (!isKnown && !isKept(simulation.world, container))
      violated("I3", `${container.name} (${container.state}) belongs to no object`);
  }
  for (const record of records) {
    const containers = own.filter((one) => one.labels[labels.uid] === record.uid);
    const problem = problemAtRest(record, containers);
    if (problem !== null) violated("end", `${record.namespace}/${record.name}: ${problem}`);
    const overdue = simulation.watch.overdue(record);
    if (overdue !== null) violated("time", `${record.namespace}/${record.name} ${overdue}`);
  }
}
