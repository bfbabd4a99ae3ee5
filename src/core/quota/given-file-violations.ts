import { plainPath } from "../plan/plain-path.ts";
import type { Violation } from "./limits.ts";
import { mountViolation } from "./mount-violations.ts";
import type { Subject } from "./violation-words.ts";

/** Files outside the spec's directory that are to be read and that no quota grants, like those to be copied. */
export function givenFileViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  return (spec.envFrom ?? []).flatMap(({ file: { path } }, index) => {
    if (!path.startsWith("/")) return [];
    const file = {
      path: plainPath(path),
      readOnly: true,
      field: `spec.envFrom[${index}].file.path`,
      asked: "reads",
    };
    return mountViolation(file, quota, facts) ?? [];
  });
}
