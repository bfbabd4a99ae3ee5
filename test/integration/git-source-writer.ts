import { gitSettings } from "../../src/adapters/git/git-settings.ts";
import { gitSource } from "../../src/adapters/git/git-source.ts";
import type { SyncStep } from "../../src/adapters/git/sync-step.ts";
import { RecordingSink } from "../support/recording-sink.ts";
import { silentLog } from "../support/silent-log.ts";

// A process of its own that syncs once and kills itself when it has come to a step: DIRECTORY URL STEP.
const [directory = "", url = "", last] = process.argv.slice(2);
const kill = (step: SyncStep): void => {
  if (step === last) process.kill(process.pid, "SIGKILL");
};
const settings = gitSettings({ url, interval: "1h" });
const source = gitSource({ name: "lab", directory, log: silentLog(), ...settings, onStep: kill });
await source.run(new RecordingSink(), AbortSignal.timeout(30_000));
