import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { gpu, migGpu } from "../../../test/support/devices.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { ContainerSpecSpec } from "../../api/container.ts";
import type { QuotaSpecSpec } from "../../api/quota.ts";
import type { Violation } from "./limits.ts";
import { resolveQuota } from "./resolve.ts";
import { violations } from "./violations.ts";
import type { QuotaFacts } from "./violation-words.ts";

type Quota = Omit<z.input<typeof QuotaSpecSpec>, "subjects">;
type Spec = Omit<z.input<typeof ContainerSpecSpec>, "image">;

const lines = {
  "spec.gpus.maxPerContainer": 7,
  "spec.perContainer.max.memory": 9,
  "spec.policy.hostPaths": 12,
  "spec.lifecycle.maxRuntime": 14,
};

function check(quota: Quota | null, spec: Spec, change: Partial<QuotaFacts> = {}): readonly Violation[] {
  const records =
    quota === null ? [] : [admittedQuota("students", { subjects: { default: true }, ...quota }, lines)];
  const facts = { object: "alice/big", devices: [], realPaths: new Map<string, string>(), ...change };
  return violations(
    ContainerSpecSpec.parse({ image: "a", ...spec }),
    resolveQuota("alice", [], records),
    facts,
  );
}

function reasons(...args: Parameters<typeof check>): string[] {
  return check(...args).map(({ reason }) => reason);
}

function mount(path: string, readOnly = false): Spec {
  return { volumes: [{ name: "v", mountPath: "/v", readOnly, hostPath: { path } }] };
}

const cuttable = gpu(0, {
  migEnabled: true,
  cutting: {
    profiles: [
      { name: "1g.10gb", id: 19, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 7 },
      { name: "3g.40gb", id: 9, size: 4, starts: [0, 4], most: 2 },
    ],
    parts: [],
    byDs01: true,
  },
});

describe("violations", () => {
  test("counts a slice or a GPU as the smallest that the owner may have, also where ds01 has yet to cut it", () => {
    const either = { gpus: { count: 2, allowMig: true } };
    const half = { nominal: 0.5 };
    expect(reasons({ gpus: half }, either, { devices: [gpu(1)] })).toEqual(["ExceedsMaxQuota"]);
    expect(reasons({ gpus: half }, either, { devices: [cuttable, gpu(1)] })).toEqual([]);
    const granted = { ...half, profiles: ["3g.40gb"] };
    expect(reasons({ gpus: granted }, either, { devices: [cuttable, gpu(1)] })).toEqual(["ExceedsMaxQuota"]);
  });

  test("says what was wanted, what is allowed where, and what to do", () => {
    expect(check({ gpus: { maxPerContainer: 2 } }, { gpus: { count: 4 } })).toEqual([
      {
        reason: "ExceedsMaxQuota",
        field: "spec.gpus.count",
        message:
          'alice/big asks for 4 GPUs; quota "students" allows 2 in one container (quotas/students.yaml:7): lower spec.gpus.count or ask an admin',
      },
    ]);
    expect(
      check({ perContainer: { max: { memory: "8Gi" } } }, { resources: { memory: "16Gi" } })[0]?.message,
    ).toBe(
      'alice/big asks for 16Gi of memory; quota "students" allows 8Gi in one container (quotas/students.yaml:9): lower spec.resources.memory or ask an admin',
    );
    expect(
      check({ lifecycle: { maxRuntime: "24h" } }, { lifecycle: { maxRuntime: "never" } })[0]?.message,
    ).toBe(
      'alice/big asks for maxRuntime never; quota "students" allows 1d at most (quotas/students.yaml:14): lower spec.lifecycle.maxRuntime or ask an admin',
    );
  });

  test.each<[string, Quota | null, Spec, string[]]>([
    [
      "nothing is limited without a quota",
      null,
      { gpus: { count: 64 }, priority: 100, resources: { cpus: 500 }, lifecycle: { holdGpuAfterStop: "7d" } },
      [],
    ],
    [
      "equal to the bound is allowed",
      { perContainer: { max: { cpus: 4, pidsLimit: 10 } } },
      { resources: { cpus: "4000m", pidsLimit: 10 } },
      [],
    ],
    [
      "all caps are told at once",
      { perContainer: { max: { cpus: 4, shmSize: "1Gi", pidsLimit: 10 } } },
      { resources: { cpus: 5, shmSize: "2Gi", pidsLimit: 11 } },
      ["ExceedsMaxQuota", "ExceedsMaxQuota", "ExceedsMaxQuota"],
    ],
    [
      "whole GPUs may be forbidden",
      { gpus: { allowFullGpu: false } },
      { gpus: { count: 1 } },
      ["FullGpuNotAllowed"],
    ],
    [
      "slices are not whole GPUs",
      { gpus: { allowFullGpu: false } },
      { gpus: { count: 1, profile: "1g.10gb" } },
      [],
    ],
    [
      "asking for no GPU breaks nothing",
      { gpus: { allowFullGpu: false, nominal: 0 } },
      { gpus: { count: 0 } },
      [],
    ],
    [
      "profiles may be listed",
      { gpus: { profiles: ["1g.10gb"] } },
      { gpus: { count: 1, profile: "2g.20gb" } },
      ["ProfileNotAllowed"],
    ],
    [
      "more than nominal can never fit",
      { gpus: { nominal: 2 } },
      { gpus: { count: 3 } },
      ["ExceedsMaxQuota"],
    ],
    ["14 slices of 1g are 2 GPUs", { gpus: { nominal: 2 } }, { gpus: { count: 14, profile: "1g.10gb" } }, []],
    [
      "15 are more",
      { gpus: { nominal: 2 } },
      { gpus: { count: 15, profile: "1g.10gb" } },
      ["ExceedsMaxQuota"],
    ],
    ["priority is bounded", { priority: 50 }, { priority: 51 }, ["ExceedsMaxQuota"]],
    ["root needs a grant", null, { user: "root" }, ["UserDenied"]],
    ["numbers need a grant", null, { user: "1000:1000" }, ["UserDenied"]],
    [
      "numbers are granted exactly",
      { policy: { users: ["1000:1000"] } },
      { user: "1000:1001" },
      ["UserDenied"],
    ],
    ["exact numbers", { policy: { users: ["1000:1000"] } }, { user: "1000:1000" }, []],
    ["* grants every user", { policy: { users: ["*"] } }, { user: "0:0" }, []],
    [
      "host network and IPC need grants",
      null,
      { network: "host", ipc: "host" },
      ["HostNetworkDenied", "HostIPCDenied"],
    ],
    [
      "granted host network and IPC",
      { policy: { hostNetwork: true, hostIPC: true } },
      { network: "host", ipc: "host" },
      [],
    ],
  ])("%s", (_name, quota, spec, expected) => {
    expect(reasons(quota, spec)).toEqual(expected);
  });

  test("a slice counts as the smallest device that fits", () => {
    const a30 = migGpu(0, ["2g.12gb"], { model: "NVIDIA A30" }).map((device) => ({
      ...device,
      gpuEquivalents: device.profile === null ? 1 : 0.5,
    }));
    const quota = { gpus: { maxPerContainer: 0.4 } };
    const spec = { gpus: { count: 1, profile: "2g.12gb" } };
    expect(reasons(quota, spec, { devices: a30 })).toEqual(["ExceedsMaxQuota"]);
    expect(reasons(quota, spec, { devices: [gpu(1)] })).toEqual([]);
  });

  const policy = {
    hostPaths: [{ path: "/home/{user}/**" }, { path: "/data", readOnly: true }, { path: "/scratch/{user}" }],
  };

  test.each<[string, boolean, string[]]>([
    ["/home/alice", false, []],
    ["/home/alice/a/b", false, []],
    ["/home//alice/./a/", false, []],
    ["/home/bob/a", false, ["HostPathDenied"]],
    ["/home/alicex", false, ["HostPathDenied"]],
    ["/home", false, ["HostPathDenied"]],
    ["/data", true, []],
    ["/data", false, ["HostPathReadOnly"]],
    ["/data/x", true, ["HostPathDenied"]],
    ["/scratch/alice", false, []],
    ["/", false, ["HostPathDenied"]],
  ])("mount of %s, readOnly %s: %j", (path, readOnly, expected) => {
    expect(reasons({ policy }, mount(path, readOnly))).toEqual(expected);
  });

  test("a link must not lead out of the grant", () => {
    const linked = { realPaths: new Map([["/home/alice/data", "/etc"]]) };
    expect(check({ policy }, mount("/home/alice/data"), linked)).toEqual([
      {
        reason: "HostPathDenied",
        field: "spec.volumes[0].hostPath.path",
        message:
          'alice/big mounts /home/alice/data, which leads to /etc; quota "students" allows /home/alice/**, /data (read-only), /scratch/alice (quotas/students.yaml:12): use a granted path or ask an admin to grant it in policy.hostPaths',
      },
    ]);
    const toReadOnly = { realPaths: new Map([["/home/alice/data", "/data"]]) };
    expect(reasons({ policy }, mount("/home/alice/data"), toReadOnly)).toEqual(["HostPathReadOnly"]);
  });

  test("no host path is granted without a quota", () => {
    expect(check(null, mount("/home/alice"))[0]?.message).toContain("no quota grants host paths");
  });
});
