import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { DeviceSamples } from "./device-samples.ts";
import { dockerName, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** How often the controller is killed. */
const kills = Number(process.env["DS01_KILLS"] ?? 8);
const keys = Array.from({ length: 20 }, (_, index) => `user${index % 5}/job${index}`);

const spec = (key: string, epoch = "0"): string =>
  containerSpec(key.split("/")[1] ?? "", {
    gpus: { count: 1 },
    env: [{ name: "EPOCH", value: epoch }],
    lifecycle: { holdGpuAfterStop: "1s" },
  });

describe("a controller that is killed while twenty services are dropped, edited, deleted and broken by hand", () => {
  let host: Host;
  let samples: DeviceSamples;

  beforeAll(async () => {
    host = await startHost({ name: "storm", nvidia: "4xA100-80GB" });
    samples = new DeviceSamples(host.engine.docker);
  });

  afterAll(async () => {
    await samples.end();
    await host.stop();
  });

  it(
    "must end with four on four GPUs, the others in order, and nothing left over",
    { timeout: 600_000 },
    async () => {
      const declared = new Set<string>();
      const disturb = async (): Promise<void> => {
        const key = keys[Math.floor(Math.random() * keys.length)] ?? "";
        const deed = Math.random();
        if (!declared.has(key) || deed < 0.3) {
          host.drop(`users/${key}.yaml`, spec(key, String(Math.floor(deed * 10))));
          declared.add(key);
        } else if (deed < 0.45) {
          host.removeFile(`users/${key}.yaml`);
          declared.delete(key);
        } else {
          const container = host.engine.docker.getContainer(dockerName(key));
          const harm = deed < 0.7 ? container.kill() : container.remove({ force: true });
          // Most of them do not run at all.
          await harm.catch(() => undefined);
        }
      };
      for (const key of keys) host.drop(`users/${key}.yaml`, spec(key));
      for (const key of keys) declared.add(key);
      for (let kill = 0; kill < kills; kill += 1) {
        const until = Date.now() + Math.random() * 1500;
        while (Date.now() < until) {
          await disturb();
          await sleep(100);
        }
        await host.controller.end("SIGKILL");
        host.spawnController();
      }
      await host.controller.ready();
      for (const key of keys) host.drop(`users/${key}.yaml`, spec(key, "final"));

      await waitFor("four to run as declared and sixteen to wait in order", () => isSettled(host), {
        timeoutMs: 300_000,
        intervalMs: 300,
      });
      expect(samples.violations).toEqual([]);
      expect(samples.looks).toBeGreaterThan(20);
      const left = await host.engine.docker.listContainers({ all: true });
      expect(left.map(({ State: state }) => state)).toEqual(["running", "running", "running", "running"]);
      expect(new Set(left.map(({ Labels: labels }) => labels["ds01.gpu.uuids"])).size).toBe(4);
      expect(strangeDevices(host)).toEqual([]);
      // And now nothing moves any more.
      await host.restartController();
      await waitFor("the same again", () => isSettled(host), { intervalMs: 300 });
      expect(host.proxy.mutations()).toEqual([]);
    },
  );
});

async function isSettled(host: Host): Promise<boolean> {
  const objects = await Promise.all(keys.map((key) => host.container(key)));
  const running = objects.filter(
    (object) =>
      object?.status.phase === "Running" && object.status.observedGeneration === object.metadata.generation,
  );
  const containers = await host.engine.docker.listContainers({ all: true });
  const names = containers.map(({ Names: [name = ""] }) => name.slice(1));
  const wanted = running.flatMap((object) => object?.status.container?.name ?? []);
  // A replacement has its own name until the last moment.
  const isTidy =
    names.length === 4 && names.every((name) => wanted.includes(name) && !name.includes(".ds01-"));
  const places = objects.flatMap((object) => object?.status.queue?.position ?? []).toSorted((a, b) => a - b);
  const epochs = running.flatMap((object) => object?.spec.env?.map(({ value }) => value) ?? []);
  const isDone =
    isTidy &&
    running.length === 4 &&
    epochs.every((epoch) => epoch === "final") &&
    places.length === 16 &&
    places.every((place, index) => place === index + 1);
  if (isDone) return true;
  // What waited in vain has to say where it stood.
  const told = objects.map((object, index) => {
    const { phase, reason, message, queue } = object?.status ?? {};
    return `${keys[index]}: ${phase} ${reason} ${queue?.position ?? "-"} ${message}`;
  });
  throw new Error([...names, ...told].join("\n"));
}

/** Starts whose container saw other devices than it asked for. */
function strangeDevices(host: Host): readonly string[] {
  const lines = readFileSync(host.engine.hookLog, "utf8").trim().split("\n");
  return lines.filter((line) => {
    const { devices, visible, result } = JSON.parse(line) as {
      devices: string;
      visible: string[];
      result: string;
    };
    return result === "ok" && visible.join() !== devices;
  });
}
