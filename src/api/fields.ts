import { z } from "zod";
import { byteQuantityPattern, cpuQuantityPattern, parseBytes, parseCpus } from "../util/quantity.ts";
import { durationPattern, parseDuration } from "../util/duration.ts";

/** What Docker can be told at least and at most. */
const cpuBounds = { least: 0.01, most: 1_000_000 } as const;

/** Name of an object: what Kubernetes accepts as a DNS-1123 subdomain, at most 63 characters. */
export const ObjectName = z
  .string()
  .max(63, "at most 63 characters")
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    'lower-case letters, digits, "-" and ".", starting and ending with a letter or digit',
  );

/** Namespace: the name of the owning user, also an LDAP name such as `h.baker@example.org`. */
export const Namespace = z
  .string()
  .max(253, "at most 253 characters")
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/, 'a user name: letters, digits, "_", ".", "@" and "-"');

export const Duration = z
  .string()
  .regex(durationPattern, 'a duration with a unit, such as "30s", "15m", "1h30m" or "2d"')
  .refine((text) => parseDuration(text) !== undefined, { error: "is longer than can be counted" })
  .meta({ examples: ["30m"] });

/** A duration as its milliseconds; one that is none is an issue and never another duration. */
export const DurationMs = Duration.transform((text, context) => {
  const parsedMs = parseDuration(text);
  if (parsedMs !== undefined) return parsedMs;
  context.addIssue({ code: "custom", message: "is no duration" });
  return z.NEVER;
});

/** Longer than a week nobody waits for a process to end, nor does a timer. */
export const GracePeriod = Duration.refine((text) => (parseDuration(text) ?? 0) <= 7 * 86_400_000, {
  error: "is longer than a week",
});

export const DurationOrNever = z.union([z.literal("never"), Duration]).meta({ examples: ["24h", "never"] });

/** Nothing is idle for no time at all; whoever means that it does not matter writes never. */
export const IdleTimeout = z
  .union([
    z.literal("never"),
    Duration.refine((text) => (parseDuration(text) ?? 0) >= 1000, {
      error: 'is less than a second; write "never" where idleness does not matter',
    }),
  ])
  .meta({ examples: ["30m", "never"] });

export const ByteQuantity = z
  .string()
  .regex(byteQuantityPattern, 'a quantity of bytes such as "512Mi", "32Gi" or "16G"')
  // Docker takes 0 for no limit at all, which would lead past every quota.
  .refine((text) => (parseBytes(text) ?? 0) > 0, { error: "is 0 or more than can be counted; write a size" })
  .meta({ examples: ["32Gi"] });

export const CpuQuantity = z
  .union([
    z.number().positive("more than 0"),
    z.string().regex(cpuQuantityPattern, 'a number of CPUs such as 8, "0.5" or "500m"'),
  ])
  .refine(isCpuCount, { error: `is not between ${cpuBounds.least} and ${cpuBounds.most} CPUs` })
  .meta({ examples: [8] });

/** YAML reads `8.6` as a number; what ends in 0 loses nothing by it: 8.0 is 8. */
export const ComputeCapability = z
  .union([
    z.number().positive("more than 0"),
    z.string().regex(/^\d+(?:\.\d+)?$/, 'a compute capability such as 8.0 or "8.6"'),
  ])
  .meta({ examples: [8.6] });

/** "unlimited" says explicitly what an absent limit means; `null` is an error. */
export const Unlimited = z.literal("unlimited");

/** Memory and swap together, as `docker run --memory-swap` takes them; "none" is no swap at all. */
export const MemorySwap = z.union([z.literal("none"), Unlimited, ByteQuantity]).meta({ examples: ["48Gi"] });

/** Free-form metadata: label and annotation values are text. */
export const StringMap = z.record(z.string().min(1), z.string());

/** Ways of choosing among devices that all fit. */
export const StrategyName = z.enum(["leastAllocated", "binpack", "bestFitMig", "topology", "usageAware"]);

/** Docker takes what it rounds to 0 for no limit at all. */
function isCpuCount(written: string | number): boolean {
  const cpus = parseCpus(written) ?? Number.NaN;
  return cpus >= cpuBounds.least && cpus <= cpuBounds.most;
}
