import { mkdtempSync, rmSync } from "node:fs";
import { inject } from "vitest";
import { connectDocker } from "../../src/adapters/docker/connect.ts";
import { dockerRuntime } from "../../src/adapters/docker/runtime.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { silentLog } from "../support/silent-log.ts";
import { containerRuntimeContract } from "./container-runtime.ts";

containerRuntimeContract("in memory", async () => {
  const runtime = new FakeRuntime();
  return {
    runtime,
    byHand: {
      kill: async (name) => runtime.kill(name),
      pause: async (name) => runtime.pauseByHand(name),
      remove: async (name) => runtime.removeByHand(name),
    },
    folder: "/srv/data",
    close: async () => {},
  };
});

containerRuntimeContract("Docker Engine", async () => {
  const dockerHost = `unix://${inject("bedSocket")}`;
  const docker = connectDocker(dockerHost);
  const folder = mkdtempSync("/var/tmp/ds01-contract-");
  return {
    runtime: dockerRuntime({ dockerHost, log: silentLog() }),
    byHand: {
      kill: async (name) => docker.getContainer(name).kill(),
      pause: async (name) => docker.getContainer(name).pause(),
      remove: async (name) => docker.getContainer(name).remove({ force: true }),
    },
    folder,
    close: async () => rmSync(folder, { recursive: true }),
  };
});
