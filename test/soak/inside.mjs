// Loaded into the controller before its own code (node --import): writes what only the process itself can tell, one
// JSON line a sample. Plain JavaScript, because node loads it without a build.
import { EventEmitter, getEventListeners } from "node:events";
import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import v8 from "node:v8";
import vm from "node:vm";

/** Milliseconds between two looks at the clock, which the histogram counts as delay. */
const loopResolutionMs = 20;

/** Starting is left alone. */
const firstLookMs = 15_000;

const { SOAK_SAMPLES: file, SOAK_SAMPLE_MS: everyMs = "30000", NODE_OPTIONS: options = "" } = process.env;

// The programs that the controller starts are not looked into.
process.env.NODE_OPTIONS = options.replace(/--import \S*inside\.mjs/, "").trim();
if (file !== undefined && process.argv[2] === "controller") watchProcess(file, Number(everyMs));

function watchProcess(path, intervalMs) {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc");
  const targets = rememberTargets();
  const warnings = [];
  process.on("warning", ({ name, message }) => {
    // What the looking itself uses.
    if (name !== "ExperimentalWarning") warnings.push(`${name}: ${message.slice(0, 200)}`);
  });
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  loop.enable();
  const look = () => {
    // What the looking itself costs is not the controller's.
    loop.disable();
    collect();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    const sample = {
      at: Date.now(),
      rss,
      heapUsed,
      external,
      arrayBuffers,
      resources: countOf(process.getActiveResourcesInfo()),
      ...targets.listeners(),
      objects: objectCounts(),
      loopMs: { p50: delayOf(loop, 50), p99: delayOf(loop, 99), max: delayOf(loop, 100) },
      warnings,
    };
    appendFileSync(path, `${JSON.stringify(sample)}\n`);
    loop.reset();
    loop.enable();
    // From its end on, so that on a slow machine it does not take all the time there is.
    setTimeout(look, intervalMs).unref();
  };
  setTimeout(look, firstLookMs).unref();
}

function delayOf(histogram, percentile) {
  return Math.max(0, histogram.percentile(percentile) / 1e6 - loopResolutionMs);
}

function countOf(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** How many there are of what tends to pile up, by prototype. */
function objectCounts() {
  const of = (constructor) => v8.queryObjects(constructor, { format: "count" });
  return { AbortSignal: of(AbortSignal), EventEmitter: of(EventEmitter) };
}

/** Knows everything that ever got a listener, as long as it lives, so that its listeners can be counted. */
function rememberTargets() {
  const known = new WeakSet();
  let references = [];
  const remember = (target) => {
    if (known.has(target)) return;
    known.add(target);
    references.push(new WeakRef(target));
  };
  for (const name of ["on", "addListener", "prependListener"]) {
    const original = EventEmitter.prototype[name];
    EventEmitter.prototype[name] = function rememberEmitter(...rest) {
      remember(this);
      return original.apply(this, rest);
    };
  }
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the target of each call
  const original = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function rememberTarget(...rest) {
    if (this instanceof AbortSignal) remember(this);
    return original.apply(this, rest);
  };
  return {
    /** All listeners, and the most that one thing has for one event. */
    listeners() {
      references = references.filter((reference) => reference.deref() !== undefined);
      const most = {};
      let listeners = 0;
      for (const reference of references) {
        const target = reference.deref();
        if (target === undefined) continue;
        for (const event of target instanceof EventTarget ? ["abort"] : target.eventNames()) {
          const count = getEventListeners(target, event).length;
          listeners += count;
          const name = `${target.constructor?.name}#${String(event)}`;
          most[name] = Math.max(most[name] ?? 0, count);
        }
      }
      const crowded = Object.entries(most)
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, 8);
      return { listeners, targets: references.length, crowded: Object.fromEntries(crowded) };
    },
  };
}
