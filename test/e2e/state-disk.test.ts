import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { guardBystanders } from "./guards.ts";
import { holdsFor } from "./holds-for.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { moveState } from "./move-state.ts";
import { runOf } from "./runs.ts";
import { containerSpec } from "./spec-text.ts";

describe.skipIf(!existsSync("/dev/loop-control"))("a disk under the state directory that fails", () => {
  const hit = "alice/hit";
  const kept = "bob/kept";
  let host: Host;

  const image = (): string => join(host.directory, "state.img");
  const mountDisk = (disk = image()): void => {
    execFileSync("mount", ["-o", "loop", disk, host.stateDir]);
  };
  const isMounted = (): boolean => readFileSync("/proc/mounts", "utf8").includes(` ${host.stateDir} `);

  beforeAll(async () => {
    const files = {
      "users/alice/hit.yaml": containerSpec("hit"),
      "users/bob/kept.yaml": containerSpec("kept"),
    };
    host = await startHost({ name: "state-disk", network: "none", files });
    for (const key of [hit, kept]) await host.waitForReady(key);
    execFileSync("truncate", ["-s", "16M", image()]);
    execFileSync("mkfs.ext4", ["-q", image()]);
    await moveState(host, () => mountDisk());
  });

  guardBystanders(() => host);

  afterAll(async () => {
    await host.controller.end("SIGKILL");
    if (isMounted()) execFileSync("umount", [host.stateDir]);
    await host.stop();
  });

  it("must keep serving, do nothing new, say so, and go on when it is mended and started again", async () => {
    const { controller } = host;
    const beside = await runOf(host, kept);
    host.proxy.clear();
    // ext4 does the same by itself after an error: files that are open for writing are refused as well.
    execFileSync("mount", ["-o", "remount,abort", host.stateDir]);
    host.drop("users/alice/hit.yaml", containerSpec("hit", { priority: 7 }));
    const isTold = async (): Promise<boolean> =>
      /StateWritable.*cannot be written/s.test((await host.ds01("doctor")).stdout);
    await waitFor("doctor to say so", isTold, { intervalMs: 200 });
    host.drop("users/alice/new.yaml", containerSpec("new"));
    await host.engine.docker.getContainer(dockerName(hit)).kill();
    // Longer than a holder of the lock may be silent before it counts as dead.
    await holdsFor(13_000, async () => {
      expect((await host.ds01("get", "containers")).code).toBe(0);
    });
    const changes = host.proxy.mutations();
    expect(changes).toEqual([]);
    expect(controller.isRunning).toBe(true);
    expect(await runOf(host, kept)).toEqual(beside);

    await controller.end("SIGTERM");
    execFileSync("umount", [host.stateDir]);
    // It exits with 1 where it has mended something.
    execFileSync("sh", ["-c", 'e2fsck -fy "$0" >&2 || test $? = 1', image()], { stdio: "ignore" });
    // Where a container elsewhere still has it mounted, the same file would be the same broken file system again.
    const mended = `${image()}.mended`;
    copyFileSync(image(), mended);
    mountDisk(mended);
    await host.startController();
    for (const key of ["alice/new", hit]) await host.waitForReady(key);
    expect(await runOf(host, kept)).toEqual(beside);
    expect(host.proxy.mutations().filter((one) => !/\/(?:create|start)$/.test(one))).toEqual([]);
    expect((await host.ds01("doctor")).stdout).toMatch(/StateWritable +the state directory can be written/);
    recordFault(
      "state-read-only",
      `\`ds01 get\` answered all the time, \`ds01 doctor\` said why, ${changes.length} requests changed anything; after fsck and a start of the controller the new container and the killed one ran; 1 other kept its id and start time`,
    );
  });
});
