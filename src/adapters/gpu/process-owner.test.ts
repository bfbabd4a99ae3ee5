import { describe, expect, test } from "vitest";
import { containerIdsIn } from "./process-owner.ts";

const id = "0123456789abcdef".repeat(4);
const inner = "fedcba9876543210".repeat(4);

describe("containerIdsIn", () => {
  test.each([
    ["cgroup v1", `12:devices:/docker/${id}\n1:name=systemd:/docker/${id}\n`, [id]],
    ["cgroup v1 with hierarchies outside", `9:cpuset:/\n4:memory:/docker/${id}\n0::/system.slice\n`, [id]],
    ["cgroup v2 with the systemd driver", `0::/system.slice/docker-${id}.scope\n`, [id]],
    ["cgroup v2 with the cgroupfs driver", `0::/docker/${id}\n`, [id]],
    ["a cgroup parent of ours", `0::/ds01.slice/ds01-alice.slice/docker-${id}.scope/init.scope\n`, [id]],
    ["a container inside a container", `0::/docker/${id}/docker/${inner}\n`, [id, inner]],
    ["the same seen by v1", `5:devices:/docker/${id}/docker/${inner}\n2:cpu:/docker/${id}\n`, [id, inner]],
    ["containerd", `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope\n`, [id]],
    ["Podman of a user", `0::/user.slice/user-1000.slice/user@1000.service/libpod-${id}.scope/x\n`, [id]],
    ["a host process", "0::/user.slice/user-1000.slice/session-3.scope\n", []],
    ["a longer number", `0::/docker/${id}0\n`, []],
    ["nothing", "", []],
  ])("%s", (_name, cgroup, expected) => {
    expect(containerIdsIn(cgroup)).toEqual(expected);
  });
});
