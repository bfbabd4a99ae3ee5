import { waitFor } from "../bed/wait-for.ts";
import type { FaultId } from "../support/faults.ts";
import type { GitBed } from "../support/git-repository.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** What there must be in the end. */
export interface CrashOutcome {
  /** Whether the objects are as they were asked for; their containers and GPUs are looked at beside. */
  readonly done: () => Promise<boolean>;
  /** GPUs held by the container of each object that has one. */
  readonly containers: Readonly<Record<string, number>>;
  /** How often containers of each object must have been started since it was asked for; others never. */
  readonly starts: Readonly<Record<string, number>>;
}

/** One thing that people ask for, in the middle of which the controller is killed. */
export interface CrashScenario {
  readonly name: string;
  readonly fault: FaultId;
  /** How many kills it gets in the sample; two unless told. */
  readonly sample?: number;
  /** Brings about what must be there before. */
  readonly prepare: (round: number) => Promise<void>;
  /** Asks for it. */
  readonly act: (round: number) => Promise<CrashOutcome>;
}

/** Ends at once when told to. */
const service = { image: "bed/pause:1", stopGracePeriod: "2s" };
const oneGpu = { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "0s" } };

/** What the controller does for people, each part of it from its beginning to its end; with four GPUs, one of them taken. */
export function crashScenarios(host: Host, git: GitBed): readonly CrashScenario[] {
  const drop = (key: string, spec: object): void => {
    host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? "", spec));
  };
  const isIn = async (phase: string, key: string): Promise<boolean> => {
    const object = await host.container(key);
    return object?.status.phase === phase && object.status.observedGeneration === object.metadata.generation;
  };
  const isGone = async (key: string): Promise<boolean> => (await host.container(key)) === undefined;
  const anew = async (key: string, spec: object): Promise<void> => {
    drop(key, spec);
    await host.waitForReady(key, patienceMs);
  };
  const withEpoch = (epoch: number): object => ({ env: [{ name: "EPOCH", value: String(epoch) }] });
  const hasEpoch = async (key: string, epoch: number): Promise<boolean> =>
    (await isIn("Running", key)) && (await host.dockerInspect(key)).Config.Env.includes(`EPOCH=${epoch}`);

  return [
    {
      name: "a start with all in place",
      fault: "crash-start",
      prepare: async () => undefined,
      act: async () => ({ done: async () => true, containers: {}, starts: {} }),
    },
    {
      name: "create",
      fault: "crash-create",
      prepare: async () => undefined,
      act: async () => {
        drop("alice/job", { command: ["sleep", "0.2"], restartPolicy: "Never", ...oneGpu });
        const volumes = [{ name: "data", mountPath: "/data", namedVolume: { name: "data" } }];
        drop("bob/web", { ...service, ...oneGpu, volumes });
        return {
          done: async () => (await isIn("Completed", "alice/job")) && (await isIn("Running", "bob/web")),
          containers: { "alice/job": 0, "bob/web": 1 },
          starts: { "alice/job": 1, "bob/web": 1 },
        };
      },
    },
    {
      name: "stop, hold, release",
      fault: "crash-stop",
      prepare: async () => anew("alice/stopped", { ...service, ...oneGpu }),
      act: async () => {
        const lifecycle = { holdGpuAfterStop: "1s", removeAfterStop: "2s" };
        drop("alice/stopped", { ...service, ...oneGpu, lifecycle, desiredState: "Stopped" });
        const done = async (): Promise<boolean> => {
          const object = await host.container("alice/stopped");
          return object?.spec.desiredState === "Stopped" && object.status.phase !== "Removing";
        };
        return { done, containers: {}, starts: {} };
      },
    },
    {
      name: "recreate",
      fault: "crash-recreate",
      prepare: async (round) => anew("alice/edited", { ...service, ...oneGpu, ...withEpoch(round) }),
      act: async (round) => {
        drop("alice/edited", { ...service, ...oneGpu, ...withEpoch(-round) });
        return {
          done: async () => hasEpoch("alice/edited", -round),
          containers: { "alice/edited": 1 },
          starts: { "alice/edited": 1 },
        };
      },
    },
    {
      name: "remove",
      fault: "crash-remove",
      prepare: async () => anew("alice/removed", { ...service, ...oneGpu }),
      act: async () => {
        await host.delete("alice/removed").catch(() => undefined);
        const done = async (): Promise<boolean> => {
          if (await isGone("alice/removed")) return true;
          // Who is not answered asks again.
          await host.delete("alice/removed").catch(() => undefined);
          return false;
        };
        return { done, containers: {}, starts: {} };
      },
    },
    {
      name: "prune",
      fault: "crash-prune",
      prepare: async () => anew("alice/vanished", { ...service, ...oneGpu }),
      act: async () => {
        host.removeFile("users/alice/vanished.yaml");
        return { done: async () => isGone("alice/vanished"), containers: {}, starts: {} };
      },
    },
    {
      name: "preempt",
      fault: "crash-preempt",
      prepare: async () => {
        const low = { gpus: { count: 3 }, preemptible: true, priority: 10 };
        await anew("alice/low", { ...service, ...oneGpu, ...low });
      },
      act: async () => {
        drop("bob/high", { ...service, ...oneGpu, gpus: { count: 3 }, priority: 60 });
        return {
          done: async () => (await isIn("Pending", "alice/low")) && (await isIn("Running", "bob/high")),
          containers: { "alice/low": 0, "bob/high": 3 },
          starts: { "bob/high": 1 },
        };
      },
    },
    {
      name: "git swap",
      fault: "crash-git",
      // Git's own programs, and the files of a revision.
      sample: 4,
      prepare: async (round) => {
        git.write("users/gina/serve.yaml", containerSpec("serve", { ...service, ...withEpoch(-round) }));
        git.write("users/gina/old.yaml", containerSpec("old", service));
        git.remove("users/gina/new.yaml");
        git.push();
        await host.client.syncSource("lab");
        const isAsPushed = async (): Promise<boolean> =>
          (await hasEpoch("gina/serve", -round)) &&
          (await isIn("Running", "gina/old")) &&
          (await isGone("gina/new"));
        await waitFor("what is pushed", isAsPushed, { timeoutMs: patienceMs, intervalMs: 50 });
      },
      act: async (round) => {
        git.write("users/gina/serve.yaml", containerSpec("serve", { ...service, ...withEpoch(round) }));
        git.write("users/gina/new.yaml", containerSpec("new", service));
        git.remove("users/gina/old.yaml");
        git.push();
        // It is killed meanwhile, and looks by itself when it starts.
        await host.client.syncSource("lab").catch(() => undefined);
        const done = async (): Promise<boolean> =>
          (await hasEpoch("gina/serve", round)) &&
          (await isIn("Running", "gina/new")) &&
          (await isGone("gina/old"));
        return {
          done,
          containers: { "gina/serve": 0, "gina/new": 0 },
          starts: { "gina/serve": 1, "gina/new": 1 },
        };
      },
    },
  ];
}

/** A busy machine takes its time over some hundred starts, and what does not come at all never comes. */
export const patienceMs = 90_000;
