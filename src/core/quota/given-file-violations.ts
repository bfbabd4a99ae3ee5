import { givenFiles } from "../given-files/given-file.ts";
import type { SpecPlace } from "../plan/placed-path.ts";
import type { Violation } from "./limits.ts";
import { mountViolation } from "./mount-violations.ts";
import type { Subject } from "./violation-words.ts";

/** Where relative paths begin does not matter here. */
const anywhere: SpecPlace = { specsRoot: "/", sourcePath: "" };

/** Files outside the spec's directory that are to be read and that no quota grants, like those to be copied. */
export function givenFileViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  return givenFiles(spec, anywhere).flatMap(({ path, within, field }) => {
    if (within !== null) return [];
    return mountViolation({ path, readOnly: true, field, asked: "reads" }, quota, facts) ?? [];
  });
}
