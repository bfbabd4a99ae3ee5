import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordFault } from "../support/record-fault.ts";
import { guardBystanders } from "./guards.ts";
import { dockerName, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { runOf } from "./runs.ts";
import { containerSpec } from "./spec-text.ts";

describe("an engine whose disk is full", () => {
  const kept = "alice/kept";
  const hit = "alice/hit";
  let host: Host;

  beforeAll(async () => {
    const files = {
      "users/alice/kept.yaml": containerSpec("kept"),
      "users/alice/hit.yaml": containerSpec("hit"),
    };
    host = await startHost({ name: "engine-disk", network: "none", tmpfsSize: "64m", files });
    for (const key of [kept, hit]) await host.waitForReady(key);
  });

  guardBystanders(() => host);

  afterAll(async () => {
    await host.stop();
  });

  /** Runs a line of the shell where the engine keeps its data. */
  function atItsData(line: string): void {
    const data = join(host.engine.directory, "data");
    execFileSync("nsenter", [...host.engine.nsenterArgs, "sh", "-c", `cd "$0" && ${line}`, data]);
  }

  it("must touch nothing that runs, say why the rest waits, and go on when there is space", async () => {
    const before = await runOf(host, kept);
    const fill = "for size in 1M 4k; do dd if=/dev/zero bs=$size of=ballast-$size || true; done";
    atItsData(`{ ${fill}; } 2>/dev/null`);
    host.proxy.clear();
    host.drop("users/alice/new.yaml", containerSpec("new"));
    await host.engine.docker.getContainer(dockerName(hit)).kill();
    const isFull = ({ status }: ContainerObject): boolean => status.reason === "NoSpace";
    const waiting = await host.waitForObject("alice/new", "without space", isFull);
    await host.client.resync();
    expect(await runOf(host, kept)).toEqual(before);
    expect(host.proxy.mutations().filter((one) => !/\/(?:create|start)$/.test(one))).toEqual([]);

    atItsData("rm ballast-1M ballast-4k");
    for (const key of ["alice/new", hit]) await host.waitForReady(key);
    expect(await runOf(host, kept)).toEqual(before);
    expect(await host.containersOf("alice/new")).toHaveLength(1);
    recordFault(
      "engine-disk-full",
      `the new one waited (${waiting.status.reason}) and ran afterwards, as did the killed one; 1 other kept its id and start time`,
    );
  });
});
