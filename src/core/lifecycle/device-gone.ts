import { isLive } from "../plan/roles.ts";
import { describeGone } from "../schedule/given-devices.ts";
import type { Situation } from "./situation.ts";

/** What is said of a container that runs on a device that is not there any more; null for every other. */
export function deviceGone({ roles, gone }: Pick<Situation, "roles" | "gone">): string | null {
  if (gone.length === 0 || roles.primary === null || !isLive(roles.primary)) return null;
  return `${describeGone(gone)}; what runs is left alone, and gets another device once it has ended`;
}
