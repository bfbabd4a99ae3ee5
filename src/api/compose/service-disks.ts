import type { IoRateName } from "../block-io.ts";
import { readDiskWeight, setDiskLimit } from "../docker-import/disk-limits.ts";
import { meantText } from "../docker-import/docker-values.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

const rates: Readonly<Record<string, IoRateName>> = {
  device_read_bps: "readBytesPerSecond",
  device_write_bps: "writeBytesPerSecond",
  device_read_iops: "readOperationsPerSecond",
  device_write_iops: "writeOperationsPerSecond",
};

/** `blkio_config`: a weight, and limits of single disks. */
export function readDiskLimits(service: ServiceReading, item: Item): void {
  const known = ["weight", "weight_device", ...Object.keys(rates)];
  for (const field of service.fields(item)) {
    const rate = Object.hasOwn(rates, field.name) ? rates[field.name] : undefined;
    if (rate !== undefined) {
      for (const one of service.items(field)) {
        const path = service.text(service.field(one, "path")) ?? "";
        const amount = service.text(service.field(one, "rate")) ?? "";
        setDiskLimit(service.draft, rate, { path, amount }, service.originOf(one.path));
      }
    } else if (field.name === "weight") {
      const text = service.text(field);
      if (text !== undefined) readDiskWeight(service.draft, text, service.originOf(field.path));
    } else if (field.name === "weight_device") service.leaveOut(field, "diskSpeed");
    else service.problem(field.path, `is no field of blkio_config${meantText(field.name, known)}`, "key");
  }
}
