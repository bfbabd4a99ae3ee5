import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The cgroup of a container, on this machine. */
export class CgroupOfContainer {
  /** Its folder in the hierarchy that counts CPU time. */
  readonly #folder: string;
  readonly #version: 1 | 2;

  private constructor(folder: string, version: 1 | 2) {
    this.#folder = folder;
    this.#version = version;
  }

  /** Null when the process is not of this container. */
  static async find(container: {
    readonly id: string;
    readonly pid: number;
    readonly procRoot: string;
    readonly cgroupRoot: string;
  }): Promise<CgroupOfContainer | null> {
    const { id, pid, procRoot, cgroupRoot } = container;
    const text = await readFile(join(procRoot, String(pid), "cgroup"), "utf8");
    const first = /^\d+:((?:[^:\n]*,)?cpuacct(?:,[^:\n]*)?):(.+)$/m.exec(text);
    if (first?.[2] !== undefined)
      return first[2].includes(id)
        ? new CgroupOfContainer(join(cgroupRoot, "cpuacct", upTo(first[2], id)), 1)
        : null;
    const unified = /^0::(.+)$/m.exec(text)?.[1];
    return unified?.includes(id) === true
      ? new CgroupOfContainer(join(cgroupRoot, upTo(unified, id)), 2)
      : null;
  }

  /** CPU time that its processes have used, those that have ended included. */
  async cpuMs(): Promise<number> {
    if (this.#version === 1) return Number(await readFile(join(this.#folder, "cpuacct.usage"), "utf8")) / 1e6;
    const micros = /^usage_usec (\d+)$/m.exec(await readFile(join(this.#folder, "cpu.stat"), "utf8"))?.[1];
    if (micros === undefined) throw new Error(`${this.#folder}/cpu.stat has no usage_usec`);
    return Number(micros) / 1000;
  }

  /** Its processes, those in cgroups below included; throws when there are more than `most`. */
  async processes(most: number): Promise<readonly number[]> {
    const found: number[] = [];
    const folders = [this.#folder];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const text = await readFile(join(folder, "cgroup.procs"), "utf8");
      found.push(
        ...text
          .split("\n")
          .filter((line) => line !== "")
          .map(Number),
      );
      if (found.length > most) throw new Error(`more than ${most} processes`);
      const entries = await readdir(folder, { withFileTypes: true });
      for (const entry of entries) if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
    return found;
  }
}

/** The first process may sit in a cgroup below that of its container. */
function upTo(path: string, id: string): string {
  const end = path.indexOf("/", path.indexOf(id) + id.length);
  return end === -1 ? path : path.slice(0, end);
}
