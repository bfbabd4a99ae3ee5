import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AggregateAmounts } from "../../core/quota/aggregate.ts";
import { errorCode } from "../error-code.ts";
import { readIfThere } from "../if-there.ts";

/** CPU time is given out in periods of this length (microseconds). */
const periodMicroseconds = 100_000;
/** The kernel keeps whole pages. */
const pageBytes = 65_536;
/** What cgroup v1 shows for no limit is the largest multiple of a page. */
const noLimitBytes = 2 ** 62;

type Controller = "cpu" | "memory" | "pids";
const controllers: readonly Controller[] = ["cpu", "memory", "pids"];

/** The files of cgroups, in either version. */
export class CgroupTree {
  readonly #mount: string;
  #unified: Promise<boolean> | null = null;

  /** `mount`: where the hierarchies are mounted. */
  constructor(mount = "/sys/fs/cgroup") {
    this.#mount = mount;
  }

  /** True when a directory of that path stands in any hierarchy that limits are kept in. */
  async exists(path: string): Promise<boolean> {
    const found = await Promise.all(
      controllers.map(async (one) => isThere(await this.#directory(one, path))),
    );
    return found.includes(true);
  }

  /** Makes the directory, with the controllers that its limits need. */
  async make(path: string): Promise<void> {
    if (!(await this.#isUnified())) {
      for (const one of controllers) await mkdir(await this.#directory(one, path), { recursive: true });
      return;
    }
    const names = path.split("/").filter((name) => name !== "");
    let directory = this.#mount;
    for (const name of names) {
      await this.#passControllersOn(directory);
      directory = join(directory, name);
      await mkdir(directory, { recursive: true });
    }
  }

  /** The limits as the kernel shows them; undefined for one that cannot be read. */
  async limits(path: string): Promise<{ readonly [K in keyof AggregateAmounts]: number | null | undefined }> {
    const unified = await this.#isUnified();
    const [cpus, memory, pids] = await Promise.all([
      unified ? this.#read("cpu", path, "cpu.max") : this.#quotaAndPeriod(path),
      this.#read("memory", path, unified ? "memory.max" : "memory.limit_in_bytes"),
      this.#read("pids", path, "pids.max"),
    ]);
    return { cpus: cpusOf(cpus), memoryBytes: amountOf(memory), pids: amountOf(pids) };
  }

  /** Memory that cannot be given back by dropping what is only cached; 0 where nothing is known. */
  async memoryInUse(path: string): Promise<number> {
    const unified = await this.#isUnified();
    const used = Number(
      (await this.#read("memory", path, unified ? "memory.current" : "memory.usage_in_bytes")) ?? 0,
    );
    const statistics = (await this.#read("memory", path, "memory.stat")) ?? "";
    const prefix = unified ? "" : "total_";
    const cached = ["inactive_file", "active_file"].map((name) =>
      Number(new RegExp(`^${prefix}${name} (\\d+)$`, "m").exec(statistics)?.[1] ?? 0),
    );
    return Math.max(0, used - cached.reduce((sum, bytes) => sum + bytes, 0));
  }

  /** Writes one limit; rejects as the kernel does, with EBUSY for memory that is in use on cgroup v1. */
  async write(path: string, limit: keyof AggregateAmounts, value: number | null): Promise<void> {
    const unified = await this.#isUnified();
    if (limit === "pids")
      return this.#write("pids", path, "pids.max", value === null ? "max" : String(value));
    if (limit === "memoryBytes") {
      const file = unified ? "memory.max" : "memory.limit_in_bytes";
      return this.#write("memory", path, file, value === null ? (unified ? "max" : "-1") : String(value));
    }
    const quota = value === null ? null : Math.round(value * periodMicroseconds);
    if (unified) return this.#write("cpu", path, "cpu.max", `${quota ?? "max"} ${periodMicroseconds}`);
    await this.#write("cpu", path, "cpu.cfs_period_us", String(periodMicroseconds));
    await this.#write("cpu", path, "cpu.cfs_quota_us", String(quota ?? -1));
  }

  /** Both versions in the notation of the newer one. */
  async #quotaAndPeriod(path: string): Promise<string | undefined> {
    const quota = await this.#read("cpu", path, "cpu.cfs_quota_us");
    const period = await this.#read("cpu", path, "cpu.cfs_period_us");
    if (quota === undefined || period === undefined) return undefined;
    return `${Number(quota) < 0 ? "max" : quota} ${period}`;
  }

  async #passControllersOn(directory: string): Promise<void> {
    const path = join(directory, "cgroup.subtree_control");
    const enabled = ((await readIfThere(path)) ?? "").split(/\s+/);
    const missing = controllers.filter((one) => !enabled.includes(one));
    if (missing.length > 0) await writeFile(path, missing.map((one) => `+${one}`).join(" "));
  }

  async #directory(controller: Controller, path: string): Promise<string> {
    return join(this.#mount, (await this.#isUnified()) ? "" : controller, path);
  }

  async #read(controller: Controller, path: string, file: string): Promise<string | undefined> {
    return (await readIfThere(join(await this.#directory(controller, path), file)))?.trim();
  }

  async #write(controller: Controller, path: string, file: string, text: string): Promise<void> {
    await writeFile(join(await this.#directory(controller, path), file), text);
  }

  /** On a hybrid machine the controllers are those of version 1. */
  async #isUnified(): Promise<boolean> {
    this.#unified ??= isThere(join(this.#mount, "cgroup.controllers"));
    return this.#unified;
  }
}

/** True when the kernel shows what was wanted; it rounds memory to pages. */
export function isAsWanted(
  wanted: number | null,
  found: number | null | undefined,
  limit: keyof AggregateAmounts,
): boolean {
  if (found === undefined) return false;
  if (wanted === null || found === null) return wanted === found;
  if (limit === "memoryBytes") return Math.abs(wanted - found) < pageBytes;
  return limit === "cpus" ? Math.abs(wanted - found) < 0.005 : wanted === found;
}

function cpusOf(text: string | undefined): number | null | undefined {
  const [quota, period] = text?.split(/\s+/) ?? [];
  if (quota === undefined || period === undefined) return undefined;
  return quota === "max" ? null : Number(quota) / Number(period);
}

function amountOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  return text === "max" || Number(text) >= noLimitBytes ? null : Number(text);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
