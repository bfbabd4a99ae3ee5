import type { TestProject } from "vitest/node";
import { acquireEngine, removeOrphanedEngines } from "./engine.ts";
import type { Engine, EngineHandle } from "./engine.ts";

declare module "vitest" {
  /** What the tests of the engine project get from `inject`; the GPU values are empty with an engine of DOCKER_HOST. */
  export interface ProvidedContext {
    bedSocket: string;
    bedGpuState: string;
    bedBin: string;
  }
}

let engine: EngineHandle | undefined;

/** Starts the engine that the tests share: four A100, its own network namespace; also named in DS01_BED_* variables. */
export async function setup(project: TestProject): Promise<void> {
  await removeOrphanedEngines();
  engine = await acquireEngine({ name: `suite-${process.pid}`, network: "netns", nvidia: "4xA100-80GB" });
  const { gpuState, binPath } = isOurs(engine) ? engine : { gpuState: "", binPath: "" };
  project.provide("bedSocket", engine.socketPath);
  project.provide("bedGpuState", gpuState);
  project.provide("bedBin", binPath);
  process.env["DS01_BED_SOCKET"] = engine.socketPath;
  process.env["DS01_BED_GPU_STATE"] = gpuState;
  process.env["DS01_BED_BIN"] = binPath;
}

/** Stops it. */
export async function teardown(): Promise<void> {
  await engine?.stop();
}

function isOurs(handle: EngineHandle): handle is Engine {
  return "gpuState" in handle;
}
