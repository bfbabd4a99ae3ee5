import { UsageError } from "./usage-error.ts";

/** The user that is meant, or null for everybody; exactly one of the two flags is needed. */
export function whomOf({
  user,
  all,
}: {
  readonly user: string | undefined;
  readonly all: boolean;
}): string | null {
  if (user !== undefined && all) throw new UsageError("--user and --all together: use one of the two");
  if (user === "") throw new UsageError("--user needs a name");
  if (user !== undefined) return user;
  if (all) return null;
  throw new UsageError("say whose: --user NAME, or --all");
}
