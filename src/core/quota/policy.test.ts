import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { propertyRuns } from "../../../test/support/property-runs.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { ContainerSpecSpec } from "../../api/container.ts";
import type { QuotaSpecSpec } from "../../api/quota.ts";
import { canonicalAddress } from "../../util/ip-address.ts";
import { parsePortRange } from "../../util/port-range.ts";
import { imageName } from "./image-name.ts";
import { protectedBy } from "./protected-path.ts";
import { resolveQuota } from "./resolve.ts";
import { violations } from "./violations.ts";

type Policy = NonNullable<z.input<typeof QuotaSpecSpec>["policy"]>;
type Spec = Omit<z.input<typeof ContainerSpecSpec>, "image"> & { readonly image?: string };

const lines = {
  "spec.policy.images.deny": 4,
  "spec.policy.capabilities": 5,
  "spec.policy.hostPorts.ranges": 6,
};

function check(policy: Policy | null, spec: Spec) {
  const quotas =
    policy === null ? [] : [admittedQuota("students", { subjects: { default: true }, policy }, lines)];
  const facts = {
    object: "alice/big",
    devices: [],
    realPaths: new Map([["/dev/link", "/dev/nvidia0"]]),
    protectedPaths: ["/run/docker.sock"],
  };
  return violations(
    ContainerSpecSpec.parse({ image: "a", ...spec }),
    resolveQuota("alice", [], quotas),
    facts,
  );
}

const reasons = (policy: Policy | null, spec: Spec) => check(policy, spec).map(({ reason }) => reason);
const capabilities = (...add: string[]): Spec => ({ securityContext: { capabilities: { add } } });
const port = (hostPort: number | undefined, hostIP?: string): Spec => ({
  ports: [
    {
      containerPort: 80,
      ...(hostPort === undefined ? {} : { hostPort }),
      ...(hostIP === undefined ? {} : { hostIP }),
    },
  ],
});

test("a refusal names field, rule, and the line of the quota", () => {
  expect(check({ capabilities: ["SYS_PTRACE"] }, capabilities("SYS_ADMIN"))).toEqual([
    {
      reason: "CapabilityDenied",
      field: "spec.securityContext.capabilities.add[0]",
      message:
        'alice/big asks for capability SYS_ADMIN; quota "students" allows SYS_PTRACE (quotas/students.yaml:5): remove it or ask an admin for policy.capabilities',
    },
  ]);
  expect(check({ hostPorts: { ranges: ["8000-8999"] } }, port(9000))[0]?.message).toBe(
    'alice/big publishes port 9000 of the host; quota "students" allows 8000-8999 (quotas/students.yaml:6): choose another hostPort, leave it out, or ask an admin for policy.hostPorts.ranges',
  );
});

test.each<[string, Policy | null, Spec, string[]]>([
  [
    "less than usual takes no grant",
    null,
    {
      securityContext: {
        capabilities: { drop: ["ALL"], add: ["CHOWN"] },
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        seccompProfile: { type: "RuntimeDefault" },
      },
    },
    [],
  ],
  ["privileged", null, { securityContext: { privileged: true } }, ["PrivilegedDenied"]],
  ["privileged, granted", { privileged: true }, { securityContext: { privileged: true } }, []],
  ["* grants ALL", { capabilities: ["*"] }, capabilities("ALL", "SYS_ADMIN"), []],
  [
    "one by one does not grant ALL",
    { capabilities: ["SYS_ADMIN"] },
    capabilities("ALL"),
    ["CapabilityDenied"],
  ],
  [
    "a protection",
    { securityOptions: ["apparmor=unconfined"] },
    { securityContext: { seccompProfile: { type: "Unconfined" } } },
    ["SecurityOptionDenied"],
  ],
  ["host PID", { hostPID: false }, { pid: "host" }, ["HostPIDDenied"]],
  [
    "a device by pattern",
    { devices: [{ path: "/dev/ttyUSB*" }] },
    { devices: [{ hostPath: "/dev/ttyUSB3" }] },
    [],
  ],
  [
    "a star stops at a slash",
    { devices: [{ path: "/dev/*" }] },
    { devices: [{ hostPath: "/dev/snd/pcm" }] },
    ["DeviceDenied"],
  ],
  [
    "permissions beyond the grant",
    { devices: [{ path: "/dev/fuse", permissions: "r" }] },
    { devices: [{ hostPath: "/dev/fuse", permissions: "rw" }] },
    ["DeviceDenied"],
  ],
  [
    "GPU nodes, whatever is granted",
    { devices: [{ path: "/**" }] },
    { devices: [{ hostPath: "/dev/link" }, { hostPath: "/dev" }, { hostPath: "/" }] },
    ["DeviceProtected", "DeviceProtected", "DeviceProtected"],
  ],
  [
    "usual ports",
    null,
    {
      ports: [
        { containerPort: 80 },
        { containerPort: 81, hostPort: 1024, hostIP: "127.9.9.9" },
        { containerPort: 82, hostIP: "::1" },
      ],
    },
    [],
  ],
  ["ports of root", null, port(1023), ["HostPortDenied"]],
  ["the network", null, port(undefined, "0.0.0.0"), ["HostAddressDenied"]],
  [
    "0.0.0.0 is not ::",
    { hostPorts: { addresses: ["0.0.0.0"] } },
    port(undefined, "::"),
    ["HostAddressDenied"],
  ],
  [
    "another spelling of a granted address",
    { hostPorts: { addresses: ["10.0.0.5"] } },
    port(8080, "::ffff:a00:5"),
    [],
  ],
  ["ranges alone leave the addresses", { hostPorts: { ranges: ["80"] } }, port(80), []],
  ["any address", { hostPorts: { addresses: ["*"] } }, port(8080, "::"), []],
])("%s", (_name, policy, spec, expected) => {
  expect(reasons(policy, spec)).toEqual(expected);
});

describe("images", () => {
  test.each([
    ["ubuntu", "docker.io/library/ubuntu", "latest", null],
    ["index.docker.io/ubuntu:22.04", "docker.io/library/ubuntu", "22.04", null],
    ["lab/tool", "docker.io/lab/tool", "latest", null],
    ["localhost/tool", "localhost/tool", "latest", null],
    ["localhost:5000/tool:1", "localhost:5000/tool", "1", null],
    ["GHCR.io:443/lab/tool", "ghcr.io/lab/tool", "latest", null],
    ["a/b:1@sha256:AB", "docker.io/a/b", null, "sha256:ab"],
  ])("%s is %s", (reference, name, tag, digest) => {
    expect(imageName(reference)).toEqual({ name, tag, digest });
  });

  test.each<[string, Policy["images"], boolean]>([
    ["ubuntu", {}, true],
    ["ubuntu", { allow: ["ubuntu"] }, true],
    ["ubuntu:22.04", { allow: ["docker.io/library/*"] }, true],
    ["ubuntu:22.04", { allow: ["ubuntu:24.04"] }, false],
    ["ubuntu:22.04", { allow: [] }, false],
    ["lab/a/b", { allow: ["lab/*"] }, false],
    ["lab/a/b", { allow: ["lab/**"] }, true],
    ["ghcr.io/lab/a", { allow: ["**/lab/*"] }, true],
    ["lab/a", { allow: ["**"], deny: ["lab/a:1"] }, true],
    ["lab/a:1", { deny: ["lab/a:1"] }, false],
    ["evil.io/ubuntu", { allow: ["ubuntu"] }, false],
    ["labx/a", { allow: ["lab/*"] }, false],
    ["deadbeef", { deny: ["other"] }, false],
    ["deadbeef:1", { deny: ["other"] }, true],
  ])("%s with %j: %s", (image, images, allowed) => {
    expect(reasons({ images }, { image })).toEqual(allowed ? [] : ["ImageDenied"]);
  });

  test("no spelling of an image is denied less than another", () => {
    const spellings = fc.constantFrom(
      "",
      "docker.io/",
      "index.docker.io/",
      "DOCKER.io/",
      "docker.io:443/",
      "registry-1.docker.io/",
    );
    const tails = fc.constantFrom(
      "",
      ":latest",
      ":1.2",
      `@sha256:${"0".repeat(64)}`,
      `:1@sha256:${"a".repeat(64)}`,
    );
    fc.assert(
      fc.property(spellings, tails, (registry, tail) => {
        expect(
          reasons({ images: { deny: ["miners/xmr"] } }, { image: `${registry}miners/xmr${tail}` }),
        ).toEqual(["ImageDenied"]);
      }),
      propertyRuns,
    );
  });
});

describe("protected paths", () => {
  const kept = ["/run/docker.sock", "/var/lib/ds01/"];

  test.each([
    ["/", "/run/docker.sock"],
    ["/run", "/run/docker.sock"],
    ["/run/docker.sock", "/run/docker.sock"],
    ["//var/./lib", "/var/lib/ds01/"],
    ["/var/lib/ds01/x/y", "/var/lib/ds01/"],
    ["/var/lib/ds01x", undefined],
    ["/run/docker.sock2", undefined],
    ["/home", undefined],
  ])("%s brings %s in", (path, found) => {
    expect(protectedBy(path, kept)).toBe(found);
  });

  test("no path is free that contains one, equals one, or lies below one", () => {
    const part = fc.constantFrom("a", "b", "c", ".", "");
    const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`);
    const parts = (text: string) => text.split("/").filter((one) => one !== "" && one !== ".");
    fc.assert(
      fc.property(path, path, (wanted, one) => {
        const [left, right] = [parts(wanted), parts(one)];
        const shared = Math.min(left.length, right.length);
        const touches = left.slice(0, shared).join("/") === right.slice(0, shared).join("/");
        expect(protectedBy(wanted, [one]) !== undefined).toBe(touches);
      }),
      propertyRuns,
    );
  });
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::FFFF:7f00:1", "127.0.0.1"],
  ["::", "0:0:0:0:0:0:0:0"],
  ["0:0::1", "0:0:0:0:0:0:0:1"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["1:2:3:4:5:6:7", undefined],
  ["1::2::3", undefined],
  ["256.0.0.1", undefined],
  ["localhost", undefined],
])("address %s is %s", (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical);
});

test("a range of ports is one from 1 to 65535", () => {
  expect(parsePortRange("80")).toEqual({ first: 80, last: 80 });
  expect(parsePortRange("8000-8999")).toEqual({ first: 8000, last: 8999 });
  for (const text of ["0", "65536", "9-8", "-1", "1-", "a", "1-2-3", ""])
    expect(parsePortRange(text)).toBeUndefined();
});
