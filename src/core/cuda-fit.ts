import type { ContainerSpecSpec } from "../api/container.ts";

/** What the driver of this host can do; null where it does not say. */
export interface DriverFacts {
  /** `570.133.20` */
  readonly version: string | null;
  /** The newest CUDA version it runs: `12.8`. */
  readonly cudaVersion: string | null;
}

/** Names of the variables that say which driver an image needs, as NVIDIA's container toolkit reads them. */
export function saysRequirement(name: string): boolean {
  return name === "CUDA_VERSION" || name === "NVIDIA_DISABLE_REQUIRE" || name.startsWith("NVIDIA_REQUIRE_");
}

/** What an object's image, as its own variables change it, needs and does not have; null for what wants no NVIDIA GPU. */
export function unmetBySpec(
  { gpus, env = [] }: Pick<ContainerSpecSpec, "gpus" | "env">,
  imageRequirements: Readonly<Record<string, string>>,
  driver: DriverFacts | undefined,
): UnmetRequirement | null {
  if (gpus === undefined || driver === undefined) return null;
  const own = env.filter(({ name }) => saysRequirement(name)).map(({ name, value }) => [name, value]);
  return unmetRequirement(
    { ...imageRequirements, ...(Object.fromEntries(own) as Record<string, string>) },
    driver,
  );
}

/** A requirement that the driver does not meet. */
export interface UnmetRequirement {
  /** `NVIDIA_REQUIRE_CUDA` */
  readonly variable: string;
  /** `CUDA 13.0 or newer` */
  readonly wanted: string;
  /** `CUDA 12.8 (driver 570.133.20)` */
  readonly found: string;
}

/**
 * The first requirement that this driver does not meet; null when it meets all, or may. Rules of libnvidia-container: each
 * NVIDIA_REQUIRE_* must hold; in it spaces part alternatives and commas what must hold together. What is not about CUDA
 * or the driver (brand, arch) is left to the toolkit. Only CUDA_VERSION, in images without the others, wants that version.
 */
export function unmetRequirement(
  environment: Readonly<Record<string, string>>,
  driver: DriverFacts,
): UnmetRequirement | null {
  if (isTrue(environment["NVIDIA_DISABLE_REQUIRE"])) return null;
  for (const [variable, text] of requirementsIn(environment)) {
    const alternatives = text.split(/\s+/).filter((part) => part !== "");
    const failures = alternatives.map((alternative) => firstUnmet(alternative, driver));
    const [first] = failures;
    if (first == null || failures.includes(null)) continue;
    return { variable, wanted: wantedText(first), found: foundText(driver) };
  }
  return null;
}

function requirementsIn(
  environment: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const said = Object.entries(environment)
    .filter(([name]) => name.startsWith("NVIDIA_REQUIRE_"))
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  const version = /^(\d+\.\d+)/.exec(environment["CUDA_VERSION"] ?? "")?.[1];
  const isLegacy = environment["NVIDIA_REQUIRE_CUDA"] === undefined && version !== undefined;
  return isLegacy ? [...said, ["CUDA_VERSION", `cuda>=${version}`]] : said;
}

interface Condition {
  readonly about: "cuda" | "driver";
  readonly operator: string;
  readonly version: string;
}

/** The first condition that does not hold; null when all do, or may. */
function firstUnmet(alternative: string, driver: DriverFacts): Condition | null {
  for (const text of alternative.split(",")) {
    const [, about, operator = "", version = ""] =
      /^(cuda|driver)(>=|<=|!=|=|>|<)(\d+(?:\.\d+)*)$/.exec(text.trim()) ?? [];
    if (about !== "cuda" && about !== "driver") continue;
    const own = about === "cuda" ? driver.cudaVersion : driver.version;
    if (own !== null && !holds(compareVersions(own, version), operator)) return { about, operator, version };
  }
  return null;
}

function holds(difference: number, operator: string): boolean {
  switch (operator) {
    case ">=":
      return difference >= 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case "<":
      return difference < 0;
    case "=":
      return difference === 0;
    default:
      return difference !== 0;
  }
}

/** As many parts as the wanted version has: driver 535.54.03 is `driver=535`. */
function compareVersions(own: string, wanted: string): number {
  const [left, right] = [own, wanted].map((version) => version.split(".").map(Number));
  for (const [index, part] of (right ?? []).entries()) {
    const difference = (left?.[index] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}

const operatorWords: Readonly<Record<string, string>> = {
  ">=": "or newer",
  "<=": "or older",
  ">": "exceeded",
  "<": "not reached",
  "!=": "avoided",
  "=": "exactly",
};

function wantedText({ about, operator, version }: Condition): string {
  return `${about === "cuda" ? "CUDA" : "driver"} ${version} ${operatorWords[operator] ?? ""}`.trim();
}

function foundText({ version, cudaVersion }: DriverFacts): string {
  if (cudaVersion === null) return `driver ${version ?? "of unknown version"}`;
  return `CUDA ${cudaVersion}${version === null ? "" : ` (driver ${version})`}`;
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:1|t|true)$/i.test(value);
}
