import { describe, expect, it } from "vitest";
import { changed, ended, remembering, running } from "../../test/support/one-object.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import type { ObservedConfiguration } from "./observed.ts";
import { predict } from "./plan/predict.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const minute = 60_000;

function configured(start: World, change: Partial<ObservedConfiguration>): World {
  return changed(start, { config: { ...start.containers[0]!.config, ...change } });
}

/** What is planned when the container is not known to be the one that ds01 made. */
function planFor(start: World): string {
  return renderPlan(decide(remembering(start, { containerId: null }), now + minute).steps);
}

describe("a container that is not known", () => {
  it("is as declared when Docker wrote its paths and empty lists its own way", () => {
    const volumes = [{ name: "d", hostPath: { path: "/srv//d/" }, mountPath: "/data/./x/", readOnly: true }];
    const grant = { hostPaths: { value: [{ path: "/srv/**", readOnly: true }] } };
    const start = running({ workingDir: "/w/", args: [], volumes });
    const granted = { ...start.quota, hostPaths: { ...start.quota.hostPaths, ...grant.hostPaths } };
    const hostPaths = new Map([["/srv//d/", { realPath: "/srv/d", kind: "Directory" } as const]]);
    const made = { ...start, containers: [], quota: granted, hostPaths };
    const again = predict(made, decide(made, now), now);
    expect(again.containers).toHaveLength(1);

    const docker = {
      workingDir: "/w",
      mounts: [{ type: "bind", source: "/srv/d", target: "/data/x", readOnly: true } as const],
      command: ["sh"],
      entrypoint: ["/entry"],
    };
    expect(planFor(configured(again, docker))).toBe("");
    expect(planFor(configured(again, { ...docker, workingDir: "/other" }))).toContain("workingDir");
  });

  it("is replaced when it publishes other ports", () => {
    const start = running({ ports: [{ containerPort: 80, hostPort: 8080 }] });

    expect(planFor(start)).toBe("");
    expect(planFor(configured(start, { ports: [] }))).toContain("not as ds01 made it: ports is");
  });

  it("is replaced for its shm size only when the spec sets that", () => {
    const size = { shmSizeBytes: 1024 ** 2 };

    expect(planFor(configured(running({ resources: { shmSize: "2Gi" } }), size))).toContain("shmSize is");
    expect(planFor(configured(running(), size))).toBe("");
  });

  it("is replaced when it can see other GPUs", () => {
    const start = running({ gpus: { count: 1 } });

    expect(planFor(start)).toBe("");
    expect(planFor(changed(start, { gpuClaims: { all: true, ids: [] } }))).toContain('gpus is ["all"]');
    expect(planFor(changed(running(), { gpuClaims: { all: false, ids: ["GPU-1"] } }))).toContain("gpus is");
  });
});

describe("a restart policy that somebody changed", () => {
  const policy = { restartPolicy: "always" };

  it("is told while the container has its GPU from the hook, and put right when it has stopped", () => {
    const live = configured(running({ gpus: { count: 1 } }), policy);

    const told = decide(live, now + minute);
    expect(told.steps).toEqual([]);
    expect(told.status.phase).toBe("Running");
    expect(told.status.conditions.find(({ type }) => type === "LimitsInEffect")).toMatchObject({
      status: "False",
      reason: "AppliesAtNextStart",
      message: expect.stringContaining("restartPolicy is always, wanted no") as string,
    });

    const unwanted = remembering(changed(live, ended(now + minute, 143)), { stopCause: "SpecStopped" });
    const { spec } = unwanted.record;
    const stopped: World = {
      ...unwanted,
      record: { ...unwanted.record, spec: { ...spec!, desiredState: "Stopped" } },
    };
    const held = remembering(stopped, { state: "Held" });
    const repair = decide(held, now + 2 * minute);
    expect(repair.steps).toMatchObject([{ do: "update", restartPolicyNo: true }]);
    expect(repair.status.phase).toBe("Held");
    expect(decide(predict(held, repair, now + 2 * minute), now + 3 * minute).steps).toEqual([]);
  });

  it.each([0, 3])("is put right after a job has ended with code %i", (code) => {
    const live = configured(running({ restartPolicy: "Never" }), policy);
    const over = changed(live, ended(now + minute, code));
    const known = remembering(over, decide(over, now + minute).memory);

    const repair = decide(known, now + 2 * minute);

    expect(repair.steps).toMatchObject([{ do: "update", restartPolicyNo: true }]);
    expect(repair.status.phase).toBe(code === 0 ? "Completed" : "Failed");
    expect(decide(predict(known, repair, now), now + 3 * minute).status.phase).toBe(repair.status.phase);
  });
});
