import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import type { FaultId } from "../support/faults.ts";
import { recordFault } from "../support/record-fault.ts";
import { guardBystanders } from "./guards.ts";
import { holdsFor } from "./holds-for.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { moveState } from "./move-state.ts";
import { runOf } from "./runs.ts";
import { containerSpec } from "./spec-text.ts";

const train = "alice/train";
const kept = "bob/kept";

function fill(host: Host): void {
  for (let size = 256 * 1024; size > 0; size = Math.floor(size / 2)) {
    for (let part = 0; ; part += 1) {
      try {
        writeFileSync(join(host.stateDir, `ballast-${size}-${part}`), Buffer.alloc(size));
      } catch {
        // Full for pieces of this size.
        break;
      }
    }
  }
}

function empty(host: Host): void {
  execFileSync("sh", ["-c", 'rm -f -- "$1"/ballast-*', "sh", host.stateDir]);
}

/** Immutable files and directories refuse root as well, and a file that is open for writing is no obstacle. */
function setImmutable(host: Host, immutable: boolean): void {
  execFileSync("chattr", ["-R", immutable ? "+i" : "-i", host.stateDir]);
}

interface StateFault {
  readonly id: FaultId;
  readonly lastsMs: number;
  readonly begin: (host: Host) => void;
  readonly end: (host: Host) => void;
}

const faults: readonly (readonly [what: string, fault: StateFault])[] = [
  ["is full", { id: "state-full", lastsMs: 3000, begin: fill, end: empty }],
  // Longer than a holder of the lock may be silent before it counts as dead.
  [
    "has files that cannot be written",
    {
      id: "state-immutable",
      lastsMs: 13_000,
      begin: (host) => setImmutable(host, true),
      end: (host) => setImmutable(host, false),
    },
  ],
];

describe("a state directory that cannot be written", () => {
  let host: Host;
  let priority = 6;

  beforeAll(async () => {
    host = await startHost({
      name: "state-faults",
      files: {
        "users/alice/train.yaml": containerSpec("train"),
        "users/bob/kept.yaml": containerSpec("kept"),
      },
    });
    for (const key of [train, kept]) await host.waitForReady(key);
    const tmpfs = ["-t", "tmpfs", "-o", "size=512k", "ds01-state", host.stateDir];
    await moveState(host, () => void execFileSync("mount", tmpfs));
  });

  guardBystanders(() => host);

  afterAll(async () => {
    await host.controller.end("SIGKILL");
    setImmutable(host, false);
    execFileSync("umount", [host.stateDir]);
    await host.stop();
  });

  it.each(faults)(
    "because it %s must keep serving, do nothing new, say so, and recover alone",
    async (_, { id, lastsMs, begin, end }) => {
      const controller = host.controller;
      const container = host.engine.docker.getContainer(dockerName(train));
      const { StartedAt: startedAt } = (await container.inspect()).State;
      const beside = await runOf(host, kept);
      host.proxy.clear();
      begin(host);
      // The next write shows it; a file that says the same again would cause none.
      priority += 1;
      host.drop("users/alice/train.yaml", containerSpec("train", { priority }));
      await waitFor(
        "doctor to say so",
        async () => /StateWritable.*cannot be written/s.test((await host.ds01("doctor")).stdout),
        {
          intervalMs: 200,
        },
      );
      const second = `users/alice/${Date.now()}.yaml`;
      const key = second.slice("users/".length, -".yaml".length);
      host.drop(second, containerSpec(key.split("/")[1] ?? ""));
      await host.waitForObject(key, "known", () => true);
      await container.kill();

      await holdsFor(lastsMs, async () => {
        expect((await host.ds01("get", "containers")).code).toBe(0);
      });
      const changes = host.proxy.mutations();
      expect(changes).toEqual([]);
      expect(controller.isRunning).toBe(true);

      end(host);
      await waitFor("the killed one to be started again", async () => {
        const { Running, StartedAt } = (await container.inspect()).State;
        return Running && StartedAt !== startedAt;
      });
      await host.waitForReady(train);
      await host.waitForReady(key);
      expect(await runOf(host, kept)).toEqual(beside);
      expect(controller.isRunning).toBe(true);
      await expect
        .poll(async () => (await host.ds01("doctor")).stdout)
        .toMatch(/StateWritable +the state directory can be written/);
      recordFault(
        id,
        `\`ds01 get\` answered all the time, \`ds01 doctor\` said why, ${changes.length} requests changed anything; then the new container and the killed one ran, without a restart of the controller; 1 other kept its id and start time`,
      );
    },
  );
});
