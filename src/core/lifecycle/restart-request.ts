import { annotations } from "../../api/names.ts";
import { formatTime } from "../format-time.ts";
import type { Situation } from "./situation.ts";

/** What a person asked for with `ds01 restart`, as kubectl rollout restart does it: a time in an annotation. */
export interface RestartRequest {
  /** As it is written, to know it again. */
  readonly text: string;
  /** `restart asked for at 12:05:00` */
  readonly message: string;
}

/**
 * The restart that is asked for and has not been done: the container's last start is older, and none was ended for
 * it. That it was answered is remembered, as the clocks of the writer and of the engine may differ.
 */
export function restartRequest({ world, memory, roles, now }: Situation): RestartRequest | null {
  const text = world.record.annotations[annotations.restartedAt];
  if (text === undefined || text === memory.restartAnswered) return null;
  const at = Date.parse(text);
  const startedAt = roles.primary?.startedAt ?? null;
  if (!Number.isFinite(at) || at > now || startedAt === null || startedAt >= at) return null;
  return { text, message: `restart asked for at ${formatTime(at)}` };
}
