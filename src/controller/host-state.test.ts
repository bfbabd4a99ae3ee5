import { expect, test } from "vitest";
import { MemoryIdentity } from "../../test/support/memory-identity.ts";
import { HostState } from "./host-state.ts";
import type { HostStateOptions } from "./host-state-options.ts";

/** As much of the options as looking up groups touches. */
function hostState(identity: MemoryIdentity): HostState {
  const version = { version: 0 };
  const parts = {
    cache: version,
    inventory: version,
    images: version,
    files: version,
    use: version,
    engine: version,
    runs: version,
    identity,
  };
  return new HostState({ ...parts, store: { onChange: () => undefined } } as unknown as HostStateOptions);
}

test("a name that is in no group, as anybody may ask for, has nothing computed anew", async () => {
  const host = hostState(new MemoryIdentity());
  const before = host.versionKey;
  expect(await host.learnGroups("nobody-by-that-name")).toEqual([]);
  expect(host.versionKey).toBe(before);
});
