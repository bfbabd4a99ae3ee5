import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AllocationPreview } from "../../src/api/allocation-preview.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const oneGpu = { gpus: { count: 1 }, stopGracePeriod: "2s", lifecycle: { holdGpuAfterStop: "0s" } };

const quota = `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: {name: students}
spec:
  subjects: {users: [carol]}
  gpus: {maxPerContainer: 1}
`;

describe("ds01 allocate --dry-run", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "allocate",
      nvidia: "A100-80GB:3g.40gb+2g.20gb A100-80GB A100-80GB RTX3090",
      configuration: "trust: path\nallocation: {strategy: usageAware}\n",
      files: { "quotas/students.yaml": quota },
    });
  });

  afterAll(async () => host.stop());

  async function ask(
    user: string,
    spec: object,
  ): Promise<{ readonly code: number; readonly text: string; readonly preview: AllocationPreview | null }> {
    const path = join(host.directory, `${user}.yaml`);
    writeFileSync(path, containerSpec("train", spec));
    const line = ["allocate", "--dry-run", "-n", user, "-f", path];
    const { code, stdout, stderr } = await host.ds01(...line);
    const json = await host.ds01(...line, "-o", "json");
    expect(json.code).toBe(code);
    const preview = code < 2 ? (JSON.parse(json.stdout) as AllocationPreview) : null;
    return { code, text: stdout + stderr, preview };
  }

  it("must choose what the controller then gives, with a verdict and scores for each device", async () => {
    host.drop(
      "users/bob/own.yaml",
      containerSpec("own", { ...oneGpu, gpus: { count: 1, models: ["*A100*"] } }),
    );
    const own = (await host.waitForReady("bob/own")).status.gpus[0]!.slot;
    const spec = { ...oneGpu, gpus: { count: 1, models: ["*A100*"] } };
    const { code, text, preview } = await ask("alice", spec);
    expect(code).toBe(0);
    expect(text).toMatch(
      /^alice\/train needs 1 whole GPU of model "\*A100\*"; strategy usageAware\nSLOT +MODEL +VERDICT +TAKEN ON CARD +RECENT USE +MEMORY USED +WHY\n/,
    );
    const verdicts = new Map(preview!.candidates.map((one) => [one.slot, one]));
    expect(verdicts.get(own)).toMatchObject({ verdict: "no", clause: "Leased", why: "allocated: bob/own" });
    expect(verdicts.get("0")).toMatchObject({ verdict: "no", clause: "MigEnabled", scores: null });
    expect(verdicts.get("0:1")).toMatchObject({ verdict: "no", clause: "IsSlice" });
    expect(verdicts.get("3")).toMatchObject({ verdict: "no", clause: "WrongModel" });
    const [chosen] = preview!.outcome.type === "assigned" ? preview!.outcome.devices : [];
    expect(verdicts.get(chosen!.slot)).toMatchObject({
      verdict: "chosen",
      scores: [0, 0, expect.any(Number)],
    });

    // Nothing was stored or promised: somebody else may have it.
    expect(await host.container("alice/train")).toBeUndefined();
    expect((await host.gpus()).get(chosen!.slot)?.status).toMatchObject({ state: "Free", holder: null });
    host.drop("users/alice/train.yaml", containerSpec("train", spec));
    expect((await host.waitForReady("alice/train")).status.gpus).toMatchObject([chosen!]);
    const again = await ask("alice", spec);
    expect(again).toMatchObject({ code: 0, preview: { outcome: { type: "holds", devices: [chosen!] } } });
    await host.remove("alice/train", "bob/own");
  });

  it("must say why it waits, that it can never start, or what refuses it", async () => {
    host.drop("users/bob/own.yaml", containerSpec("own", { ...oneGpu, gpus: { count: 3 } }));
    await host.waitForReady("bob/own");
    const waiting = await ask("alice", oneGpu);
    expect(waiting).toMatchObject({
      code: 1,
      preview: { outcome: { type: "waiting", reason: "WaitingForDevices", never: false } },
    });
    expect(waiting.text).toMatch(
      /^Waits \(WaitingForDevices\): Needs 1 whole GPU\. .*3 allocated \(bob\/own\)/m,
    );
    expect(waiting.text).toMatch(/^What helps: "gpus: \{count: 1, profile: \S+\}" would start now\.$/m);
    const slice = await ask("alice", { ...oneGpu, gpus: { count: 1, profile: "2g.20gb" } });
    expect(slice).toMatchObject({ code: 0, preview: { outcome: { devices: [{ slot: "0:1" }] } } });
    const never = await ask("alice", { ...oneGpu, gpus: { count: 5 } });
    expect(never).toMatchObject({
      code: 1,
      preview: { outcome: { reason: "NoMatchingDevice", never: true } },
    });
    const refused = await ask("carol", { ...oneGpu, gpus: { count: 2 } });
    expect(refused.code).toBe(3);
    expect(refused.text).toMatch(/^carol\/train refused: .*quotas\/students\.yaml:6/);
    expect(await ask("alice", { ...oneGpu, gpus: undefined })).toMatchObject({
      code: 0,
      preview: { outcome: { type: "none" }, candidates: [] },
    });
    expect((await host.ds01("allocate", "-f", join(host.directory, "alice.yaml"))).code).toBe(2);
    await host.remove("bob/own");
  });
});
