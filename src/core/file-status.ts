import { defaultSource } from "../api/default-source.ts";
import type { StatusSource } from "../api/source-reference.ts";
import type { ConditionInput } from "./conditions.ts";
import type { RecordBase } from "./record.ts";

/** Whether the file of an object is in effect, and whether its deletion is held back (none while it is not). */
export function fileConditions({ rejection, pruneBlocked }: Pick<RecordBase, "rejection" | "pruneBlocked">): {
  readonly accepted: ConditionInput;
  readonly blocked: readonly ConditionInput[];
} {
  const type = "Accepted";
  return {
    accepted:
      rejection === null
        ? { type, status: true, reason: "SpecValid", message: "the file is in effect" }
        : { type, status: false, reason: rejection.reason, message: rejection.message },
    blocked:
      pruneBlocked === null
        ? []
        : [
            {
              type: "PruneBlocked",
              status: true,
              reason: pruneBlocked.reason,
              message: pruneBlocked.message,
            },
          ],
  };
}

/** The file that an object comes from: the one that is wrong, while one is. */
export function shownSource({
  rejection,
  source: { source, path, revision },
}: Pick<RecordBase, "rejection" | "source">): StatusSource {
  return {
    ...(source === defaultSource ? {} : { name: source }),
    path: rejection?.path ?? path,
    ...(revision === undefined ? {} : { revision }),
  };
}
