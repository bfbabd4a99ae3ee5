import type { ApiObject } from "../api/meta.ts";
import { kindByWord } from "../api/names.ts";
import type { GpuSpec, GpuStatus } from "../api/gpu.ts";
import type { Context } from "./context.ts";
import { kindOf } from "./target.ts";
import { UsageError } from "./usage-error.ts";

export type GpuObject = ApiObject<GpuSpec, GpuStatus>;

/** The slots or UUIDs in `gpu/1`, `gpu/0:1`, `gpu/GPU-...`, `gpu 1` or just `1`; UsageError when there is none. */
export function gpuNames(words: readonly string[]): readonly string[] {
  const [first, ...others] = words;
  if (first === undefined)
    throw new UsageError("name a GPU: gpu/SLOT or gpu/UUID (ds01 get gpus lists them)");
  const named = kindByWord(first)?.kind === "Gpu" && others.length > 0 ? others : words;
  return named.map((word) => {
    const slash = word.indexOf("/");
    if (slash < 0) return word;
    const kind = kindByWord(word.slice(0, slash));
    const name = word.slice(slash + 1);
    if (kind?.kind !== "Gpu" || name === "") throw new UsageError(`"${word}" is no GPU: write gpu/SLOT`);
    return name;
  });
}

/** What of a Gpu can be changed. */
export interface SchedulingPatch {
  readonly unschedulable: boolean;
  readonly unschedulableReason?: string;
  readonly drain?: boolean;
}

/** Has a GPU handed out no more (`true`) or again, and says so as kubectl does. */
export async function setSchedulable(
  name: string,
  patch: SchedulingPatch,
  context: Context,
): Promise<GpuObject> {
  const kind = kindOf("Gpu");
  // The name may be a UUID, which only lists know.
  const { items } = await context.client.list(kind, {});
  const before = items.find(({ metadata }) => metadata.name === name || metadata.uid === name);
  const after = (await context.client.patch(kind, { name }, { spec: patch })) as GpuObject;
  const { spec, status } = (before as GpuObject | undefined) ?? {};
  // Uncordoning a GPU that is sick has ds01 forget what it held against it.
  const isForgiven = !patch.unschedulable && status?.health !== undefined;
  const was = spec?.unschedulable === true || isForgiven;
  const word = patch.unschedulable ? "cordoned" : "uncordoned";
  const already = was === patch.unschedulable && patch.unschedulableReason === undefined ? "already " : "";
  context.print(`gpu/${after.metadata.name} ${already}${word}\n`);
  return after;
}
