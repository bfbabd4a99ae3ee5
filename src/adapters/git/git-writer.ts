import { fileInRepository } from "../../core/file-in-repository.ts";
import type { SourcePlace } from "../../ports/spec-source.ts";
import type { SpecWriter } from "../../ports/spec-writer.ts";
import { DeniedError } from "../../util/errors.ts";

/**
 * Where nothing but repositories declares anything: says what to change there, and changes nothing. `branches` are
 * patterns of those that changes may be pushed to.
 */
export function gitWriter(places: readonly SourcePlace[], branches: readonly string[] = []): SpecWriter {
  const pushed =
    branches.length === 0 ? "" : `; or have ds01 push it for review: --branch ${branches.join(" or ")}`;
  // eslint-disable-next-line typescript/require-await -- a refusal must reject
  const refuse = async (path: string): Promise<void> => {
    const where = places.map((place) => fileInRepository(path, place)).join(", or ");
    throw new DeniedError({
      reason: "ManagedByGit",
      message: `specs come from Git: change ${where}`,
      remedy: `commit it there and push; it is in effect within the interval, or at once after: ds01 sync now${pushed}`,
    });
  };
  return {
    source: "",
    requireWritable: refuse,
    write: refuse,
    remove: refuse,
    read: async () => undefined,
  };
}
