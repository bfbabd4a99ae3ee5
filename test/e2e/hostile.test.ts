import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileQuotas, hostileSpecs, type HostileSpec } from "../support/hostile-specs.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost, type ContainerObject, type Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const specs = hostileSpecs();

describe("hostile specs, all at once", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "hostile", nvidia: "2xA100-80GB" });
    const link = (path: string, target: string): void => {
      mkdirSync(dirname(here(path)), { recursive: true });
      symlinkSync(here(target), here(path));
    };
    mkdirSync(join(host.directory, "data/shared/set"), { recursive: true });
    link("/home/alice/escape", "/etc");
    link("/home/alice/up", "/");
    link("/home/alice/engine", "/run/docker.sock");
    link("/home/alice/shared-link", "/data/shared/set");
    link("/home/mallory/state-link", "/var/lib/ds01");
    link("/home/mallory/gpu-link", "/dev/nvidia0");
    host.drop("quotas/hostile.yaml", inHere(hostileQuotas()));
    for (const { user, name, text } of specs) host.drop(`users/${user}/${name}.yaml`, inHere(text));
    host.drop("users/alice/good.yaml", containerSpec("good", { gpus: { count: 1 } }));
  });

  afterAll(async () => host.stop());

  /** A path of the specs on this machine: homes and data are those of the test, and so are ds01's directories. */
  function here(path: string): string {
    return inHere(`${path} `).trimEnd();
  }

  function inHere(text: string): string {
    return text
      .replaceAll(/(?<![\w/.])\/(home|data)\b/g, `${host.directory}/$1`)
      .replaceAll(/(?<![\w/.])\/var\/lib\/ds01\b/g, host.stateDir)
      .replaceAll(/(?<![\w/.])\/srv\/ds01\/specs\b/g, host.specs);
  }

  async function objectOf({ user, name }: HostileSpec): Promise<ContainerObject | undefined> {
    const result = await host.ds01("get", "containers", "-A", "-o", "json");
    const { items } = JSON.parse(result.stdout) as { items: readonly ContainerObject[] };
    return items.find(({ status }) => status.source.path === `users/${user}/${name}.yaml`);
  }

  it("must be refused, each for its reason, while the good one runs and nothing else is made", async () => {
    await host.waitForReady("alice/good");
    const last = specs.at(-1);
    await waitFor("the last one to be judged", async () => last !== undefined && (await objectOf(last)), {
      intervalMs: 200,
    });
    const unlike = async (): Promise<readonly string[]> => {
      const result = await host.ds01("get", "containers", "-A", "-o", "json");
      const { items } = JSON.parse(result.stdout) as { items: readonly ContainerObject[] };
      return specs.flatMap((one) => {
        const path = `users/${one.user}/${one.name}.yaml`;
        const found = items.find(({ status }) => status.source.path === path)?.status;
        return found?.reason === one.reason
          ? []
          : [`${one.name}: ${one.reason}, found ${found?.reason}: ${found?.message}`];
      });
    };
    let left: readonly string[] = [];
    await waitFor("all to be judged", async () => (left = await unlike()).length === 0, {
      intervalMs: 500,
    }).catch(() => undefined);
    expect(left).toEqual([]);
    const containers = await host.engine.docker.listContainers({ all: true });
    expect(containers.map(({ Names }) => Names)).toEqual([["/good._.alice"]]);
    expect(host.controller.isRunning).toBe(true);
    expect(existsSync(host.socketPath)).toBe(true);
  });
});
