import { describe, expect, it } from "vitest";
import { parseSpecText } from "../../api/parse.ts";
import { renderYaml } from "../print/yaml.ts";
import { containerFromFlags } from "./container-flags.ts";
import type { ContainerFlags } from "./container-flags.ts";

const train = { name: "train", namespace: "alice" };
const none: ContainerFlags = {
  image: "pytorch/pytorch:2.5",
  gpus: undefined,
  "gpu-profile": undefined,
  "gpu-memory": undefined,
  cpus: undefined,
  memory: undefined,
  "shm-size": undefined,
  volume: [],
  port: [],
  env: [],
  workdir: undefined,
  user: undefined,
  "max-runtime": undefined,
  "restart-policy": undefined,
};

async function yaml(flags: Partial<ContainerFlags>, args: readonly string[] = []): Promise<string> {
  return renderYaml(containerFromFlags(train, { ...none, ...flags }, args));
}

describe("a spec from flags", () => {
  it("has a field for each flag, and is valid", async () => {
    const text = await yaml(
      {
        gpus: "2",
        "gpu-memory": "40Gi",
        cpus: "8",
        memory: "32Gi",
        "shm-size": "16Gi",
        volume: ["/home/alice/x:/workspace", "/data:/data:ro", "/a:/a/a", "/b:/B"],
        port: ["8888", "6006:16006"],
        env: ["EPOCHS=3", "EMPTY="],
        workdir: "/workspace",
        user: "owner",
        "max-runtime": "24h",
        "restart-policy": "Never",
      },
      ["train.py", "--fast"],
    );
    expect(parseSpecText(text, { path: "train.yaml" }).problems).toEqual([]);
    expect(text).toContain("args:\n    - train.py\n    - --fast\n");
    expect(text).toContain("gpus:\n    count: 2\n    minMemory: 40Gi\n");
    expect(text).toContain("- name: data\n      mountPath: /data\n      readOnly: true\n");
    expect(text).toContain("- containerPort: 16006\n      hostPort: 6006\n");
  });

  it("says nothing of what was not said", async () => {
    expect(await yaml({})).toBe(
      "apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata:\n  name: train\n  namespace: alice\n" +
        "spec:\n  image: pytorch/pytorch:2.5\n",
    );
    expect(await yaml({ gpus: "0" })).not.toContain("gpus");
    expect(await yaml({ "gpu-profile": "2g.20gb" })).toContain("gpus:\n    count: 1\n    profile: 2g.20gb\n");
  });

  it("is refused with the notation that is wanted", () => {
    const make = (flags: Partial<ContainerFlags>) => () =>
      containerFromFlags(train, { ...none, ...flags }, []);
    expect(make({ env: ["X"] })).toThrow("--env needs NAME=VALUE");
    expect(make({ volume: ["/data"] })).toThrow("--volume needs PATH:MOUNT");
    expect(make({ port: ["http"] })).toThrow("--port needs PORT");
  });
});
