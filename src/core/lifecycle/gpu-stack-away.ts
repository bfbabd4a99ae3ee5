import { wantedDevices } from "../schedule/wanted-devices.ts";
import { fact, type Fact } from "./fact.ts";
import type { Situation } from "./situation.ts";

/** Nothing that holds GPUs is replaced while the GPU stack does not answer (I5); null when it does. */
export function gpuStackAway({ spec, world, now }: Situation): Fact | null {
  if (world.gpuStackReady || wantedDevices(spec) === undefined) return null;
  return fact(
    "waiting",
    "GpuStackNotReady",
    "the GPU stack does not answer: nothing is replaced until it does, what runs goes on",
    now + 5000,
  );
}
