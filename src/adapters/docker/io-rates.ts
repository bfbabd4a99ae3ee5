import { ioRateNames, type IoRateName } from "../../api/block-io.ts";
import type { IoRate } from "../../core/quota/block-io.ts";
import type { InspectHostConfig } from "./inspect-json.ts";

/** Where Docker keeps each rate. */
const fields = {
  readBytesPerSecond: "BlkioDeviceReadBps",
  writeBytesPerSecond: "BlkioDeviceWriteBps",
  readOperationsPerSecond: "BlkioDeviceReadIOps",
  writeOperationsPerSecond: "BlkioDeviceWriteIOps",
} as const satisfies Record<IoRateName, keyof InspectHostConfig>;

/** Rates of devices in Docker's four lists; those that are empty are left out. */
export function translateRates(rates: readonly IoRate[]): Record<string, { Path: string; Rate: number }[]> {
  const lists: Record<string, { Path: string; Rate: number }[]> = {};
  for (const { path, name, perSecond } of rates) {
    (lists[fields[name]] ??= []).push({ Path: path, Rate: perSecond });
  }
  return lists;
}

/** The same as inspect shows it. */
export function observedRates(host: InspectHostConfig): readonly IoRate[] {
  return ioRateNames.flatMap((name) =>
    (host[fields[name]] ?? []).map(({ Path, Rate }) => ({ path: Path, name, perSecond: Rate })),
  );
}
