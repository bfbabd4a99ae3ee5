import type { Ulimit } from "../../api/ulimit.ts";
import type { Origin, ResolvedQuota, Sourced, Violation } from "./limits.ts";

/** A ulimit as Docker takes it: -1 is unlimited. */
export interface PlainUlimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** A ulimit in effect, and who says so. */
export interface EffectiveUlimit extends PlainUlimit {
  readonly origin: Origin;
}

/** What a quota says about ulimits, each list as it was written. */
export interface ResolvedUlimits {
  readonly defaults: Sourced<readonly Ulimit[]>;
  readonly maximums: Sourced<readonly Ulimit[]>;
}

/** For each name: what the spec says, else the quota's default within its maximum, else its maximum; by name. */
export function effectiveUlimits(
  written: readonly Ulimit[] | undefined,
  { ulimits }: Pick<ResolvedQuota, "ulimits">,
  specOrigin: Origin,
): readonly EffectiveUlimit[] {
  const { defaults, maximums } = ulimits;
  const most = new Map<string, PlainUlimit>(maximums.value.map((ulimit) => [ulimit.name, plain(ulimit)]));
  const found = new Map<string, EffectiveUlimit>();
  for (const ulimit of most.values()) found.set(ulimit.name, { ...ulimit, origin: maximums.origin });
  for (const ulimit of defaults.value.map(plain)) {
    const bound = most.get(ulimit.name)?.hard ?? -1;
    const bounded = { ...ulimit, soft: lower(ulimit.soft, bound), hard: lower(ulimit.hard, bound) };
    found.set(ulimit.name, { ...bounded, origin: defaults.origin });
  }
  for (const ulimit of written ?? []) found.set(ulimit.name, { ...plain(ulimit), origin: specOrigin });
  return [...found.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** Ulimits of a spec whose hard limit is above the quota's. */
export function ulimitViolations(
  object: string,
  written: readonly Ulimit[] | undefined,
  { ulimits: { maximums } }: Pick<ResolvedQuota, "ulimits">,
): readonly Violation[] {
  return (written ?? []).flatMap((ulimit, index) => {
    const most = maximums.value.find(({ name }) => name === ulimit.name);
    if (most === undefined || lower(plain(ulimit).hard, plain(most).hard) === plain(ulimit).hard) return [];
    const field = `spec.resources.ulimits[${index}].hard`;
    const place = maximums.origin.place === null ? "" : ` (${maximums.origin.place})`;
    const allowed = `quota "${maximums.origin.quota ?? ""}" allows ${String(most.hard)} in one container${place}`;
    return [
      {
        reason: "ExceedsMaxQuota",
        field,
        message: `${object} asks for ulimit ${ulimit.name} ${String(ulimit.hard)}; ${allowed}: lower ${field} or ask an admin`,
      },
    ];
  });
}

/** `memlock=-1:-1`, as `docker run --ulimit` takes it. */
export function ulimitText({ name, soft, hard }: PlainUlimit): string {
  return `${name}=${soft}:${hard}`;
}

function plain({ name, soft, hard }: Ulimit): PlainUlimit {
  return { name, soft: soft === "unlimited" ? -1 : soft, hard: hard === "unlimited" ? -1 : hard };
}

function lower(value: number, bound: number): number {
  if (bound === -1) return value;
  return value === -1 ? bound : Math.min(value, bound);
}
