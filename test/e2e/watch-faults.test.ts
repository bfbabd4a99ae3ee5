import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { Bystanders } from "./bystanders.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** Files are looked at by themselves every 20 s. */
const scanMs = 60_000;
/** Becomes the command in a user namespace of its own, where few inotify watches are allowed; users are as outside. */
const withFewWatches = `until [ "$(id -u)" = 0 ]; do sleep 0.02; done
exec sh -c 'echo 1 >/proc/sys/user/max_inotify_watches && exec "$0" "$@"' "$@"`;

describe("a watcher of spec files that does not see them", () => {
  const kept = "alice/kept";
  let host: Host;
  let others: Bystanders;
  const runOf = async (): Promise<string> => {
    const { Id, State } = await host.dockerInspect(kept);
    return `${Id} ${State.StartedAt}`;
  };
  const spec = (name: string, value = "0"): string => containerSpec(name, { env: [{ name: "A", value }] });

  beforeAll(async () => {
    host = await startHost({ name: "watch-faults", files: { "users/alice/kept.yaml": spec("kept") } });
    await host.waitForReady(kept);
    others = await Bystanders.start(host.engine.docker);
  });

  afterEach(async () => {
    await others.expectUntouched();
  });

  afterAll(async () => {
    await host.stop();
  });

  /** Declares one, edits one and deletes one, and waits until all of it has come to be. */
  async function change(round: string, between: () => void): Promise<void> {
    const [edited, gone, fresh] = ["edited", "gone", "new"].map((name) => `alice/${name}-${round}`) as [
      string,
      string,
      string,
    ];
    for (const key of [edited, gone]) host.drop(`users/${key}.yaml`, spec(key.split("/")[1] ?? ""));
    for (const key of [edited, gone]) await host.waitForReady(key, scanMs);
    between();
    host.drop(`users/${edited}.yaml`, spec(edited.split("/")[1] ?? "", "1"));
    host.drop(`users/${fresh}.yaml`, spec(fresh.split("/")[1] ?? ""));
    host.removeFile(`users/${gone}.yaml`);
    host.controller.child.kill("SIGCONT");
    await host.waitForReady(fresh, scanMs);
    const isEdited = async (): Promise<boolean> => {
      const { Config, State } = await host.dockerInspect(edited);
      return State.Running && Config.Env.includes("A=1");
    };
    await waitFor("the edit to be there", async () => isEdited().catch(() => false), { timeoutMs: scanMs });
    await host.waitUntilGone(gone, scanMs);
    await host.remove(edited, fresh);
  }

  it("must miss nothing in the end when more happens than the kernel keeps for it", async () => {
    const before = await runOf();
    const controller = host.controller;
    const keeps = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
    let told = 0;
    await change("flood", () => {
      controller.child.kill("SIGSTOP");
      const path = join(host.specs, "users/alice/.flood");
      // Each is two events at least: the name comes, and it goes.
      for (; told <= keeps; told += 2) {
        writeFileSync(path, "");
        rmSync(path);
      }
    });
    expect(told).toBeGreaterThan(keeps);
    expect(await runOf()).toBe(before);
    expect(controller.isRunning).toBe(true);
    recordFault(
      "watch-overflow",
      `${told} events where the kernel keeps ${keeps}, then a new spec, an edit and a deletion: all three came to be; 1 other container kept its id and start time`,
    );
  });

  it("must find what changes by looking when it may not watch", async () => {
    const before = await runOf();
    await host.controller.end("SIGTERM");
    host.launcher = ["unshare", "--user", "sh", "-c", withFewWatches, "sh"];
    const controller = host.spawnController();
    host.launcher = [];
    for (const map of ["uid_map", "gid_map"])
      await waitFor(`${map} to be written`, () => {
        writeFileSync(`/proc/${controller.child.pid}/${map}`, "0 0 4294967295\n");
        return true;
      });
    await controller.ready();
    await change("blind", () => undefined);
    const told = controller.logLines().filter(({ reason }) => reason === "WatchFailed");
    expect(told.map(({ msg }) => String(msg)).join()).toContain("are noticed by scans only");
    expect(await runOf()).toBe(before);
    recordFault(
      "watch-limit",
      `${told.length} warning in the log (WatchFailed); a new spec, an edit and a deletion came to be; 1 other container kept its id and start time`,
    );
    await host.controller.end("SIGTERM");
    await host.startController();
  });
});
