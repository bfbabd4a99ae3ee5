import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** A character device in a container. */
export interface DeviceNode {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

export interface DeviceRules {
  /** The NVIDIA nodes that the container has. */
  readonly nodes: readonly DeviceNode[];
  /** Whether its cgroup lets processes open the node. */
  allows(node: DeviceNode): boolean;
}

/**
 * What a container's cgroup says about devices; null where that cannot be read: cgroup v2 (a program in the kernel),
 * an engine on another machine, a container that has ended.
 */
export async function deviceRules(container: {
  readonly id: string;
  readonly pid: number;
  readonly procRoot: string;
  readonly cgroupRoot: string;
}): Promise<DeviceRules | null> {
  const process = join(container.procRoot, String(container.pid));
  try {
    const cgroups = await readFile(join(process, "cgroup"), "utf8");
    const path = /^\d+:(?:[^:\n]*,)?devices(?:,[^:\n]*)?:(.+)$/m.exec(cgroups)?.[1];
    // The process of that number may be another one by now.
    if (path === undefined || !path.includes(container.id)) return null;
    const list = await readFile(join(container.cgroupRoot, "devices", path, "devices.list"), "utf8");
    const rules = list.split("\n").map((line) => line.split(" "));
    return {
      nodes: await nvidiaNodes(join(process, "root/dev")),
      allows: (node) => rules.some((rule) => admits(rule, node)),
    };
  } catch {
    // Whatever cannot be read tells nothing, and the caller has another way.
    return null;
  }
}

async function nvidiaNodes(folder: string): Promise<readonly DeviceNode[]> {
  const names = (await readdir(folder)).filter((name) => /^nvidia(?:\d+|ctl)$/.test(name)).toSorted();
  const found = await Promise.all(
    names.map(async (name) => {
      const node = await stat(join(folder, name));
      return node.isCharacterDevice() ? [{ path: `/dev/${name}`, ...numbersOf(node.rdev) }] : [];
    }),
  );
  return found.flat();
}

/** As glibc packs them. */
function numbersOf(device: number): { readonly major: number; readonly minor: number } {
  const bits = BigInt(device);
  return {
    major: Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n)),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)),
  };
}

/** A line such as `c 195:* rwm` or `a *:* rwm`. */
function admits([type, numbers, access]: readonly string[], { major, minor }: DeviceNode): boolean {
  if ((type !== "c" && type !== "a") || access === undefined || !/r.*w/.test(access)) return false;
  const [wantedMajor, wantedMinor] = numbers?.split(":") ?? [];
  const matches = (wanted: string | undefined, number: number): boolean =>
    wanted === "*" || wanted === String(number);
  return matches(wantedMajor, major) && matches(wantedMinor, minor);
}
