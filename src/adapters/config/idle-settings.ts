import type { IdleConfiguration } from "../../api/idle-configuration.ts";
import { defaultIdle, type IdleExemption, type IdleSettings } from "../../core/idle/idle-settings.ts";
import { parseDuration } from "../../util/duration.ts";
import { parseBytes } from "../../util/quantity.ts";

/** What the configuration says of idleness, with defaults filled in. */
export function idleSettings(given: IdleConfiguration = {}): IdleSettings {
  const { exempt = [], withoutGpu = defaultIdle.withoutGpu } = given;
  return { ...thresholds(given), ...times(given), withoutGpu, exempt: exempt.map(exemption) };
}

type Threshold = "gpuPercent" | "cpuPercent" | "networkBytesPerMinute" | "ioBytesPerMinute" | "samples";

function thresholds(given: IdleConfiguration): Pick<IdleSettings, Threshold> {
  const usual = defaultIdle;
  return {
    gpuPercent: given.gpuPercent ?? usual.gpuPercent,
    cpuPercent: given.cpuPercent ?? usual.cpuPercent,
    networkBytesPerMinute: parseBytes(given.network ?? "") ?? usual.networkBytesPerMinute,
    ioBytesPerMinute: parseBytes(given.io ?? "") ?? usual.ioBytesPerMinute,
    samples: given.looks ?? usual.samples,
  };
}

function times(given: IdleConfiguration): Omit<IdleSettings, Threshold | "withoutGpu" | "exempt"> {
  const usual = defaultIdle;
  const duration = (written: string | undefined, otherwise: number): number =>
    parseDuration(written ?? "") ?? otherwise;
  return {
    sampleMs: duration(given.interval, usual.sampleMs),
    startupGraceMs: duration(given.startupGrace, usual.startupGraceMs),
    noticeMs: duration(given.notice, usual.noticeMs),
    highDemandFactor: given.highDemandFactor ?? usual.highDemandFactor,
    keepAliveMaxMs: duration(given.keepAliveMax, usual.keepAliveMaxMs),
  };
}

function exemption({
  user,
  container,
  until,
  reason,
}: NonNullable<IdleConfiguration["exempt"]>[number]): IdleExemption {
  return {
    user,
    ...(container === undefined ? {} : { name: container }),
    ...(until === undefined ? {} : { until: new Date(until).getTime() }),
    ...(reason === undefined ? {} : { reason }),
  };
}
