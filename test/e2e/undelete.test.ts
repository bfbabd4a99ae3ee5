import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

describe("what was deleted by mistake", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "undelete",
      files: {
        "users/alice/train.yaml": containerSpec("train", {
          env: [{ name: "TOKEN", value: "of-alice" }],
          volumes: [{ name: "work", mountPath: "/results", namedVolume: { name: "work" } }],
        }),
        "quotas/all.yaml": quotaSpec("all", { subjects: { default: true }, maxContainers: 5 }),
      },
    });
    await host.waitForReady("alice/train");
    await host.dockerExec("alice/train", "sh", "-c", "echo kept >/results/first");
  });
  afterAll(() => host.stop());

  it("must come back as it was, also after a restart of the controller", async () => {
    const { spec } = (await host.container("alice/train")) ?? {};
    expect((await host.ds01("undelete")).stdout).toBe("");
    expect(await host.ds01("undelete", "train")).toMatchObject({ code: 4, stdout: "" });

    expect(await host.ds01("delete", "container", "train")).toMatchObject({ code: 0 });
    await waitFor("it to be gone", async () => (await host.container("alice/train")) === undefined);
    await host.restartController();
    const { stdout } = await host.ds01("undelete");
    expect(stdout).toMatch(/^KIND +NAMESPACE +NAME .*\ncontainer +alice +train .* deleted by root\n$/);
    expect(stdout).not.toContain("of-alice");

    expect(await host.ds01("undelete", "train")).toEqual({
      code: 0,
      stdout: "container/train declared again\n",
      stderr: "",
    });
    await host.waitForReady("alice/train");
    expect((await host.container("alice/train"))?.spec).toEqual(spec);
    expect((await host.dockerExec("alice/train", "cat", "/results/first")).output).toBe("kept\n");
    const twice = await host.ds01("undelete", "container/train");
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain("container/train is declared again already");
  });

  it("may be a quota", async () => {
    host.removeFile("quotas/all.yaml");
    await waitFor("it to be gone", async () => (await host.ds01("get", "quota", "all")).code === 4, {
      intervalMs: 200,
    });
    expect(await host.ds01("undelete", "quota/all")).toMatchObject({ code: 0 });
    await expect
      .poll(async () =>
        (await host.ds01("get", "quota", "all", "-o", "jsonpath={.spec.maxContainers}")).stdout.trim(),
      )
      .toBe("5");
  });
});
