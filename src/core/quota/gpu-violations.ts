import type { GpuRequest } from "../../api/gpu-request.ts";
import { mismatch } from "../schedule/allocate.ts";
import { mostEquivalents } from "../schedule/borrowing.ts";
import { cuttableSlices } from "../schedule/cuttable.ts";
import type { Device } from "../schedule/device.ts";
import type { MigGrant } from "../schedule/lease.ts";
import { requirementOf } from "../schedule/requirement.ts";
import { kindNoun, wantedDevices, type WantedDevices } from "../schedule/wanted-devices.ts";
import { fitsWithin, formatGpuEquivalents, gpuEquivalentsOf } from "./gpu-equivalents.ts";
import type { ResolvedQuota, Sourced, Violation } from "./limits.ts";
import { allowing, at, type QuotaFacts, type Subject } from "./violation-words.ts";

/** What of cards the owner may have, for who asks for a slice or a GPU alike. */
export function grantOf({ allowFullGpu, gpuProfiles }: ResolvedQuota): MigGrant {
  return { full: allowFullGpu.value, profiles: gpuProfiles.value };
}

/** GPU-equivalents of a request: that of the smallest device it may get, cut by ds01 or there, times the count. */
export function requestedEquivalents(
  request: WantedDevices,
  devices: readonly Device[],
  quota: ResolvedQuota,
): number {
  const required = requirementOf(request, grantOf(quota));
  const sizes = [...devices, ...cuttableSlices(required, devices)]
    .filter((device) => mismatch(required, device) === undefined)
    .map((device) => device.gpuEquivalents);
  const otherwise = 1 / (required.sharers ?? 1);
  const each = sizes.length > 0 ? Math.min(...sizes) : gpuEquivalentsOf(required.profile, "") * otherwise;
  return each * request.count;
}

/** Devices, slices and strategies that its owner may not ask for. */
export function gpuViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const request = wantedDevices(spec);
  if (request === undefined) return [];
  const found: Violation[] = strategyViolation(request, quota, facts);
  const isWhole = [request.kind, request.profile, request.allowMig, request.shared].every(
    (kind) => kind === undefined || kind === false,
  );
  if (isWhole && !quota.allowFullGpu.value) {
    found.push({
      reason: "FullGpuNotAllowed",
      field: "spec.gpus",
      message: `${facts.object} asks for whole GPUs; ${allowing(quota.allowFullGpu.origin)} slices only${at(quota.allowFullGpu.origin)}: set spec.gpus.profile${suggested(quota.gpuProfiles.value)} or ask an admin`,
    });
  }
  const profiles = quota.gpuProfiles;
  if (request.profile !== undefined && profiles.value !== null && !profiles.value.includes(request.profile)) {
    found.push({
      reason: "ProfileNotAllowed",
      field: "spec.gpus.profile",
      message: `${facts.object} asks for slices ${request.profile}; ${allowing(profiles.origin)} ${profiles.value.join(", ") || "none"}${at(profiles.origin)}: change spec.gpus.profile or ask an admin`,
    });
  }
  const wanted = requestedEquivalents(request, facts.devices, quota);
  const bounds = [
    { bound: quota.gpuMaxPerContainer, scope: "in one container" },
    {
      bound: { ...quota.gpuNominal, value: mostEquivalents(quota, spec.preemptible === true) },
      scope: "in all",
    },
  ];
  const exceeded = bounds.find(({ bound }) => bound.value !== null && !fitsWithin(wanted, bound.value));
  if (exceeded !== undefined) found.push(tooManyGpus(request, wanted, { ...exceeded, facts }));
  return found;
}

/** A spec may choose another strategy than the host's only where the configuration says so. */
function strategyViolation({ strategy }: GpuRequest, quota: ResolvedQuota, facts: QuotaFacts): Violation[] {
  const allowed = quota.strategies ?? [];
  if (strategy === undefined || allowed.includes(strategy)) return [];
  return [
    {
      reason: "StrategyNotAllowed",
      field: "spec.gpus.strategy",
      message: `${facts.object} asks for strategy ${strategy}; this host allows ${allowed.join(", ") || "none to be named"} (allocation.allowOverride of its configuration): remove spec.gpus.strategy or ask an admin`,
    },
  ];
}

function tooManyGpus(
  request: WantedDevices,
  wanted: number,
  limit: { readonly bound: Sourced<number | null>; readonly scope: string; readonly facts: QuotaFacts },
): Violation {
  const { bound, scope, facts } = limit;
  const plural = request.count === 1 ? "" : "s";
  const kind =
    request.shared === undefined ? `slice${plural} ${request.profile}` : `time slice${plural} of GPUs`;
  const isWhole = request.profile === undefined && request.shared === undefined;
  const asked = isWhole
    ? `${request.count} ${kindNoun(request.kind, request.count)}`
    : `${request.count} ${kind} (${formatGpuEquivalents(wanted)} GPU-equivalents)`;
  const field = `spec.${request.kind === undefined ? "gpus" : "accelerators"}.count`;
  return {
    reason: "ExceedsMaxQuota",
    field,
    message: `${facts.object} asks for ${asked}; ${allowing(bound.origin)} ${formatGpuEquivalents(bound.value ?? 0)} ${scope}${at(bound.origin)}: lower ${field} or ask an admin`,
  };
}

function suggested(profiles: readonly string[] | null): string {
  return profiles === null || profiles.length === 0 ? "" : ` to ${profiles.join(" or ")}`;
}
