import { describe, expect, onTestFinished, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";

const path = "/home/alice/data";
const volumes = [`volumes: [{name: v, mountPath: /v, hostPath: {path: ${path}}}]`];

const quota = (paths: string) => `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: {name: everybody}
spec: {subjects: {default: true}, policy: {hostPaths: [${paths}]}}
`;

function start(): ControllerBed {
  const bed = new ControllerBed();
  bed.source.write("quotas/everybody.yaml", quota("{path: /home/alice/**}"));
  bed.declare("alice", "job", volumes);
  onTestFinished(async () => bed.stop());
  return bed;
}

/** Makes the directory a link to `/srv/other` right before somebody looks at it for the `nth` time. */
function swapAtLook(bed: ControllerBed, nth: number): void {
  let looks = 0;
  bed.beforePathLook = (looked) => {
    if (looked !== path) return;
    looks += 1;
    if (looks === nth) bed.links.set(path, "/srv/other");
  };
}

/** Looks at the path until the container runs when nobody swaps anything. */
async function looksUntilRunning(): Promise<number> {
  const bed = start();
  let looks = 0;
  bed.beforePathLook = (looked) => void (looks += looked === path ? 1 : 0);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/job") === "Running");
  return looks;
}

describe("a path that becomes a link after the container was admitted", () => {
  test("is found before create and before start, whenever that happens", async () => {
    const looks = await looksUntilRunning();
    expect(looks).toBeGreaterThanOrEqual(3);
    for (let nth = 1; nth <= 3; nth += 1) {
      const bed = start();
      swapAtLook(bed, nth);
      bed.start();
      await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "HostPathDenied");
      expect(bed.record("alice/job")?.status.message).toContain(`${path}, which leads to /srv/other`);
      await bed.pass(60_000);
      expect(bed.runtime.containers.filter(({ startedAt }) => startedAt !== null)).toEqual([]);
    }
  });

  test("is not mounted by a container that starts again after a crash", async () => {
    const bed = start();
    bed.start();
    await bed.until("it to run", () => bed.phase("alice/job") === "Running");
    const [container] = bed.runtime.containers;
    bed.links.set(path, "/var/lib/ds01/records");
    bed.runtime.kill(container?.id ?? "", 1);
    await bed.until("it to be refused", () => bed.record("alice/job")?.status.reason === "HostPathProtected");
    await bed.pass(60_000);
    expect(bed.runtime.containers.map(({ state }) => state)).toEqual(["exited"]);
  });
});

test("what runs goes on when a grant is taken away", async () => {
  const bed = start();
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/job") === "Running");
  bed.source.write("quotas/everybody.yaml", quota(""));
  await bed.pass(30_000);
  expect(bed.phase("alice/job")).toBe("Running");
});
