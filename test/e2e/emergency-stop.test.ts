import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost, type Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

describe("an emergency stop", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "emergency", nvidia: "2xA100-80GB" });
    for (const key of ["alice/train", "bob/sweep"]) {
      const [, name = ""] = key.split("/");
      // Its first process does not listen to SIGTERM, and may take its time.
      const spec = { image: "bed/stubborn:1", stopGracePeriod: "10m", gpus: { count: 1 } };
      host.drop(`users/${key}.yaml`, containerSpec(name, spec));
      await host.waitForReady(key);
    }
  });

  afterAll(async () => host.stop());

  const stateOf = async (key: string): Promise<string | undefined> =>
    (await host.dockerInspect(key)).State.Status;

  it("must need somebody and a reason", async () => {
    const nobody = await host.ds01("emergency-stop", "--reason", "smoke");
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining("--user NAME, or --all")]);
    const why = await host.ds01("emergency-stop", "--user", "alice");
    expect([why.code, why.stderr]).toEqual([2, expect.stringContaining('--reason "TEXT"')]);
    expect((await host.ds01("resume", "--user", "alice")).code).toBe(4);
    expect((await host.ds01("emergency-stop")).stderr).toContain("Nothing is stopped in an emergency.");
  });

  it("must stop what a user has at once, nothing of others, and start nothing of theirs", async () => {
    const { code, stdout, stderr } = await host.ds01(
      "emergency-stop",
      "--user",
      "alice",
      "--reason",
      "smoke",
    );
    expect([code, stdout]).toEqual([0, "alice/train stopped\n"]);
    expect(stderr).toContain("Nothing of alice is started again until: ds01 resume --user alice");
    expect(await stateOf("alice/train")).toBe("exited");
    expect(await stateOf("bob/sweep")).toBe("running");
    host.drop("users/alice/later.yaml", containerSpec("later"));
    const later = await host.waitForObject(
      "alice/later",
      "kept from starting",
      ({ status }) => status.reason === "EmergencyStop",
    );
    expect(later.status.message).toMatch(
      /^emergency stop by root at .*: smoke; an admin ends it with: ds01 resume/,
    );
    expect(await host.containersOf("alice/later")).toEqual([]);
    expect((await host.ds01("emergency-stop")).stdout).toMatch(/^alice +root +\S+Z +smoke$/m);
  });

  it("must be undone by nobody: not by docker start, not by a restart of the controller", async () => {
    await host.engine.docker.getContainer((await host.dockerInspect("alice/train")).Id).start();
    await waitFor("it to be stopped again", async () => (await stateOf("alice/train")) === "exited");
    await host.restartController();
    await waitFor("the controller to have looked", async () =>
      (await host.ds01("doctor")).stdout.includes("ok"),
    );
    expect(await stateOf("alice/train")).toBe("exited");
    expect(await host.containersOf("alice/later")).toEqual([]);
  });

  it("must be over when it is taken back", async () => {
    const { code, stdout } = await host.ds01("resume", "--user", "alice");
    expect([code, stdout]).toEqual([0, "alice resumed\n"]);
    await host.waitForReady("alice/train");
    await host.waitForReady("alice/later");
    expect((await host.container("bob/sweep"))?.status.restarts).toBe(0);
  });

  it("must cut short a stop that gives grace", async () => {
    expect((await host.ds01("stop", "train")).code).toBe(0);
    await host.waitForPhase("alice/train", "Stopping");
    expect(await stateOf("alice/train")).toBe("running");
    const startedAt = Date.now();
    const { code, stdout } = await host.ds01("emergency-stop", "--user", "alice", "--reason", "smoke");
    expect([code, stdout]).toEqual([0, expect.stringContaining("alice/train stopped\n")]);
    // Of ten minutes.
    expect(Date.now() - startedAt).toBeLessThan(120_000);
    expect(await stateOf("alice/train")).toBe("exited");
    const failed = (await host.events("alice/train")).filter(({ type }) => type === "Warning");
    expect(failed.map(({ message }) => message)).toEqual([]);
    expect((await host.ds01("resume", "--user", "alice")).code).toBe(0);
    await host.waitForReady("alice/later");
    expect((await host.ds01("start", "train")).code).toBe(0);
    await host.waitForReady("alice/train");
  });

  it("must say so when it is of somebody who has nothing here, as by a slip, and hold all the same", async () => {
    const { code, stdout, stderr } = await host.ds01(
      "emergency-stop",
      "--user",
      "alcie",
      "--reason",
      "smoke",
    );
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("no containers of alcie are declared here; it holds all the same");
    expect((await host.ds01("emergency-stop")).stdout).toMatch(/^alcie +root/m);
    expect((await host.ds01("resume", "--user", "alcie")).code).toBe(0);
  });

  it("must stop everybody", async () => {
    const { code, stdout } = await host.ds01("emergency-stop", "--all", "--reason", "cooling has failed");
    expect(code).toBe(0);
    expect(stdout.split("\n").toSorted()).toEqual([
      "",
      "alice/later stopped",
      "alice/train stopped",
      "bob/sweep stopped",
    ]);
    expect((await host.ds01("resume", "--user", "bob")).stderr).toContain("ds01 resume --all");
    expect((await host.ds01("resume", "--all")).code).toBe(0);
    await host.waitForReady("bob/sweep");
  });
});
