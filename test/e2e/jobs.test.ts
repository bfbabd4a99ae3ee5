import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

// Most of these wait for deadlines, so they wait together; each has its own object. Who polls takes `expect` from its
// test: the global one knows none any more when another test has ended meanwhile.
describe.concurrent("a job", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "jobs", nvidia: "2xA100-80GB" });
  });

  afterAll(async () => host.stop());

  const drop = (name: string, spec: object): string => {
    host.drop(`users/alice/${name}.yaml`, containerSpec(name, spec));
    return `alice/${name}`;
  };

  const waitForReason = async (key: string, reason: string): Promise<ContainerObject> =>
    host.waitForObject(key, reason, ({ status }) => status.reason === reason);

  it("must be tried again as often as its backoffLimit says, and then be Failed", async () => {
    const failing = { image: "bed/crash:1", env: [{ name: "CRASH_CODE", value: "3" }], backoffLimit: 1 };
    const same = drop("again", { ...failing, restartPolicy: "OnFailure" });
    const anew = drop("anew", { ...failing, restartPolicy: "Never" });
    for (const key of [same, anew]) {
      const { status } = await host.waitForPhase(key, "Failed");
      expect(status).toMatchObject({ reason: "BackoffLimitExceeded", restarts: 1, lastRun: { exitCode: 3 } });
    }
    await host.waitForEvent(same, "Restarted");
    await host.waitForEvent(anew, "Removing");
    await host.remove(same, anew);
  });

  it("must start after those that it names, and say what it waits for", async () => {
    const job = { restartPolicy: "Never", gpus: { count: 1 } };
    const second = drop("second", { ...job, command: ["true"], after: ["first"] });
    const unknown = await waitForReason(second, "DependencyNotFound");
    expect(unknown.status.gpus).toEqual([]);
    const first = drop("first", { ...job, command: ["/bin/sh", "-c", "sleep 8; exit 1"] });
    const waiting = await waitForReason(second, "WaitingForDependency");
    expect(waiting.status.message).toContain("alice/first");
    expect(waiting.status.queue).toBeUndefined();
    await waitForReason(second, "DependencyFailed");
    drop("first", { ...job, command: ["true"] });
    await host.waitForPhase(second, "Completed");
    const { status } = (await host.container(first))!;
    expect(status.phase).toBe("Completed");
    await host.remove(first, second);
  });

  it("must run a sweep, so many at a time, each with its index, and act on all by its name", async ({
    expect,
  }) => {
    drop("rate", {
      command: [
        "/bin/sh",
        "-c",
        "echo $DS01_INDEX of $DS01_REPLICAS; [ $DS01_INDEX = 0 ] || exec /bin/serve",
      ],
      restartPolicy: "Never",
      replicas: 3,
      parallelism: 1,
    });
    const second = await host.waitForReady("alice/rate-1");
    await waitForReason("alice/rate-2", "WaitingForParallelism");
    expect((await host.container("alice/rate-0"))?.status.phase).toBe("Completed");
    expect((await host.ds01("logs", "rate-0")).stdout).toBe("0 of 3\n");
    await expect
      .poll(async () => (await host.ds01("get", "containers", "rate")).stdout)
      .toMatch(/^rate +Running .*1 of 3 run, 1 completed, 1 wait/m);
    const one = await host.ds01("delete", "container", "rate-1");
    expect(one.code).toBe(3);
    expect(one.stderr).toContain('is number 1 of the replicas of "rate"');
    const several = await host.ds01("logs", "rate");
    expect(several.stderr).toContain("name one of them, such as rate-0");

    expect(await host.ds01("stop", "rate")).toMatchObject({ code: 0 });
    await host.waitForPhase("alice/rate-1", "Stopped");
    expect(await host.ds01("start", "rate")).toMatchObject({ code: 0 });
    const again = await host.waitForReady("alice/rate-1");
    expect(again.status.container?.id).toBe(second.status.container?.id);
    expect((await host.container("alice/rate-0"))?.status.phase).toBe("Completed");
    expect(await host.ds01("delete", "container", "rate")).toMatchObject({ code: 0 });
    await waitFor("all of it to go", async () => (await host.container("alice/rate-2")) === undefined);
    await waitFor("all of it to go", async () => (await host.container("alice/rate-1")) === undefined);
  });

  it("must tell how a job ended when its container is gone after ttlAfterFinished", async () => {
    const key = drop("short", {
      command: ["/bin/sh", "-c", "for n in $(seq 30); do echo line $n; done; exit 4"],
      gpus: { count: 1 },
      restartPolicy: "Never",
      lifecycle: { ttlAfterFinished: "2s", holdGpuAfterStop: "1h", removeAfterStop: "1h" },
    });
    await waitFor(
      "its container to come and go",
      async () =>
        (await host.container(key))?.status.lastRun !== undefined &&
        (await host.containersOf(key)).length === 0,
    );
    const { status } = await host.waitForObject(
      key,
      "failed without its GPU",
      (object) => object.status.phase === "Failed" && object.status.gpus.length === 0,
    );
    expect(status).toMatchObject({ reason: "ExitCode", lastRun: { exitCode: 4 } });
    expect(status.container).toBeUndefined();
    const { stdout, stderr, code } = await host.ds01("logs", "short");
    const kept = Array.from({ length: 20 }, (_, index) => `line ${index + 11}\n`).join("");
    expect({ stdout, code }).toEqual({ stdout: kept, code: 0 });
    expect(stderr).toMatch(/^The container is gone; these are the last lines/);
    const described = await host.ds01("describe", "container", "short");
    expect(described.stdout).toMatch(/^Last run: .*exit code 4/m);
    expect(described.stdout).toMatch(/^ +line 30$/m);
    await host.remove(key);
  });
});
