import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerName, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec, quotaSpec } from "./spec-text.ts";

const secret = "hunter2";

describe("what is told about a container", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "describe",
      nvidia: "1xA100-80GB",
      files: {
        "quotas/all.yaml": quotaSpec("all", {
          subjects: { default: true },
          maxContainers: 5,
          gpus: { nominal: 2 },
          perContainer: { default: { memory: "64Mi" } },
        }),
      },
    });
  });

  afterAll(async () => host.stop());

  const drop = (key: string, spec: object): void => {
    host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? "", spec));
  };

  const described = async (key: string): Promise<string> => {
    const [namespace = "", name = ""] = key.split("/");
    const { code, stdout } = await host.ds01("describe", "container", name, "-n", namespace);
    expect(code).toBe(0);
    return stdout;
  };

  /** The words before the colon at the beginning of lines. */
  const parts = (text: string): readonly string[] =>
    [...text.matchAll(/^(\w[\w ]*):/gm)].map(([, word = ""]) => word);

  it("must come in the order a person asks: why, GPU, quota, limits and where from, next, events", async () => {
    drop("alice/first", { gpus: { count: 1 }, lifecycle: { maxRuntime: "1h" }, resources: { cpus: 1 } });
    await host.waitForReady("alice/first");
    drop("alice/second", { gpus: { count: 1 } });
    await host.waitForPhase("alice/second", "Pending");
    await host.waitForEvent("alice/second", "Queued");

    const waiting = await described("alice/second");
    expect(parts(waiting)).toEqual(
      "Name,Namespace,Phase,Why,Source,GPU,Devices,Containers,Limits,Conditions,Next,Events".split(","),
    );
    expect(waiting).toMatch(/^Why: +.*alice\/first/m);
    expect(waiting).toMatch(
      /^GPU: +requested 1 .*quota 2\.0, used 1\.0 \(alice\/first\), left 1\.0 +quotas\/all\.yaml:\d+$/m,
    );
    expect(waiting).toMatch(
      /^Devices: +0 +NVIDIA A100-SXM4-80GB +allocated: alice\/first until .* maxRuntime$/m,
    );
    expect(waiting).toMatch(/^Containers: +alice has .* of 5, left \d +quotas\/all\.yaml:\d+$/m);
    expect(waiting).toMatch(/^Limits: +.*memory 64Mi \(quotas\/all\.yaml:\d+\)/m);
    expect(waiting).toMatch(/^ +\S+ +Normal +Queued +/m);

    const runs = await described("alice/first");
    expect(parts(runs)).toEqual(
      "Name,Namespace,Phase,Source,Container,GPU,Containers,Limits,Conditions,Next,Events".split(","),
    );
    expect(runs).toMatch(/^Container: +first\._\.alice, /m);
    expect(runs).toMatch(/^Limits: +cpus 1 \(spec users\/alice\/first\.yaml:\d+\)/m);
    expect(runs).toMatch(/^Next: +.*maxRuntime.* \(\d{4}-/m);

    await host.remove("alice/first", "alice/second");
  });

  it("must never show the value of a variable, whatever happens to the container", async () => {
    const seen: string[] = [];
    const look = async (object: ContainerObject): Promise<void> => {
      const { namespace, name } = object.metadata;
      seen.push(JSON.stringify(object.status), await described(`${namespace}/${name}`));
    };
    const env = (value: string): object => ({ env: [{ name: "TOKEN", value }] });

    drop("alice/runs", env(secret));
    await look(await host.waitForReady("alice/runs"));

    // Another value by its owner, by somebody's hand, and one that is not text.
    drop("alice/runs", env(`${secret}-new`));
    await host.waitForEvent("alice/runs", "Recreating");
    await look(await host.waitForReady("alice/runs"));
    await host.controller.end("SIGKILL");
    const container = host.engine.docker.getContainer(dockerName("alice/runs"));
    const { Config, HostConfig } = await container.inspect();
    await container.remove({ force: true });
    const byHand = {
      ...Config,
      HostConfig,
      name: dockerName("alice/runs"),
      Env: [`TOKEN=${secret}-by-hand`],
    };
    const impostor = await host.engine.docker.createContainer(byHand);
    await impostor.start();
    await host.startController();
    await look(
      await host.waitForObject("alice/runs", "made again", ({ status }) => {
        return (
          status.phase === "Running" && ![container.id, impostor.id].includes(status.container?.id ?? "")
        );
      }),
    );
    drop("alice/runs", { env: [{ name: "TOKEN", value: [secret] }] });
    await look(
      await host.waitForObject("alice/runs", "refused", ({ status }) =>
        status.conditions.some(({ type, status: word }) => type === "Accepted" && word === "False"),
      ),
    );

    // A start that fails, a replacement that is rolled back, and a job that fails.
    drop("bob/nowhere", { ...env(secret), command: ["/no/such/program"] });
    await look(
      await host.waitForObject(
        "bob/nowhere",
        "failing",
        ({ status }) =>
          status.reason !== undefined &&
          status.phase !== "Pending" &&
          status.phase !== "Running" &&
          status.phase !== "Creating",
      ),
    );
    drop("bob/risky", env(secret));
    await host.waitForReady("bob/risky");
    drop("bob/risky", { ...env(secret), image: "bed/crash:1" });
    await look(await host.waitForPhase("bob/risky", "Degraded"));
    drop("bob/job", { ...env(secret), image: "bed/crash:1", restartPolicy: "Never" });
    await look(
      await host.waitForObject(
        "bob/job",
        "ended",
        ({ status }) => status.phase === "Completed" || status.phase === "Failed",
      ),
    );

    for (const text of seen) expect(text).not.toContain(secret);
    // What was looked at did speak of the variable.
    expect(seen.join()).toContain("env[0].value");
    expect((await host.ds01("get", "container", "runs", "-o", "json")).stdout).toContain(secret);
    await host.remove("alice/runs", "bob/nowhere", "bob/risky", "bob/job");
  });
});
