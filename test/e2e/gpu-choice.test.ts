import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestedDevices, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

describe("two GPUs over PCIe and two joined by NVLink", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "choice",
      nvidia: "L40S L40S A100-80GB A100-80GB",
      configuration: "trust: path\nallocation: {strategy: topology}\n",
    });
  });

  afterAll(async () => host.stop());

  const declare = (key: string, gpus: object): string =>
    host.drop(`users/${key}.yaml`, containerSpec(key.split("/")[1] ?? "", { gpus }));
  const refused = async (key: string): Promise<ContainerObject> =>
    host.waitForObject(key, "can never be", ({ status }) => status.reason === "NoMatchingDevice");

  it("must give a container GPUs that are joined as it requires, and break no pair for a single one", async () => {
    declare("ada/linked", { count: 2, nvlink: "required" });
    const linked = await host.waitForPhase("ada/linked", "Running");
    expect(linked.status.gpus.map(({ slot }) => slot)).toEqual(["2", "3"]);
    expect(requestedDevices(await host.dockerInspect("ada/linked"))).toEqual(
      linked.status.gpus.map(({ uuid }) => uuid),
    );
    declare("ada/newer", { count: 1, minComputeCapability: 8.9 });
    const newer = await host.waitForPhase("ada/newer", "Running");
    expect(newer.status.gpus.map(({ slot }) => slot)).toEqual(["0"]);
  });

  it("must tell who asks for what this host does not have that it will never be", async () => {
    declare("bob/three", { count: 3, nvlink: "required" });
    const three = await refused("bob/three");
    expect(three.status.message).toContain("This host has 4 such, but no more than 2 joined by NVLink");
    declare("bob/future", { count: 1, minComputeCapability: "12.0" });
    const future = await refused("bob/future");
    expect(future.status.message).toContain("2 whole GPUs (NVIDIA L40S, 45.0Gi, 8.9)");
    const bob = { environment: { DS01_NAMESPACE: "bob" } };
    const described = (await host.ds01With(bob, "describe", "container", "future")).stdout;
    for (const [slot, capability] of ["8.9", "8.9", "8.0", "8.0"].entries())
      expect(described).toMatch(
        new RegExp(`^(?:Devices:)? +${slot} +NVIDIA .* with less compute capability: ${capability}$`, "m"),
      );
  });

  it("shows what each GPU counts and can", async () => {
    const { stdout } = await host.ds01("get", "gpus", "-o", "wide");
    expect(stdout).toMatch(/^SLOT .* GPU-EQUIVALENTS /m);
    const described = await host.ds01("describe", "gpu", "2");
    expect(described.stdout).toMatch(/Capability: +8\.0\n/);
    expect(described.stdout).toMatch(/Counts as: +1 GPU-equivalents\n/);
  });
});
