import { afterEach, beforeAll, beforeEach, expect } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { Bystanders } from "./bystanders.ts";
import { DeviceSamples } from "./device-samples.ts";
import type { Host } from "./host.ts";

/**
 * Starts containers of others beside those of a suite's host, and fails each test after which one of them is not the same.
 * Comes after the hook that starts the host.
 */
export function guardBystanders(hostOf: () => Host): void {
  let others: Bystanders;

  beforeAll(async () => {
    others = await Bystanders.start(hostOf().engine.docker);
  });

  afterEach(async () => {
    await others.expectUntouched();
  });
}

/** Looks at the GPUs all the time, and fails each test of a suite in which one had two users. */
export function guardDevices(hostOf: () => Host): void {
  let samples: DeviceSamples;

  beforeEach(() => {
    samples = new DeviceSamples(hostOf().engine.docker);
  });

  afterEach(async () => {
    // A fast engine is back before much was seen; what runs now is seen as well.
    await waitFor("enough looks at the devices", () => samples.looks > 3);
    await samples.end();
    expect(samples.violations).toEqual([]);
  });
}
