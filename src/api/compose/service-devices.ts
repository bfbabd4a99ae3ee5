import { addCapabilities, addCount, addWish } from "../docker-import/gpus.ts";
import { readDevice } from "../docker-import/rights.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

/** `devices`: as `docker run --device` has them, or maps. */
export function readDevices(service: ServiceReading, item: Item): void {
  for (const one of service.items(item)) {
    const isMap = typeof one.value === "object" && one.value !== null;
    const parts = ["source", "target", "permissions"].map((name) =>
      isMap ? (service.text(service.field(one, name)) ?? "") : "",
    );
    const text = isMap ? parts.filter((part) => part !== "").join(":") : service.text(one);
    if (text !== undefined) readDevice(service.draft, text, service.originOf(one.path));
  }
}

/** `gpus`: all, or requests as below `deploy`. */
export function readGpus(service: ServiceReading, item: Item): void {
  if (!Array.isArray(item.value)) {
    const text = service.text(item);
    if (text !== undefined) addCount(service.draft, text, service.originOf(item.path));
    return;
  }
  for (const request of service.items(item)) readDeviceRequest(service, request, true);
}

/** One of `deploy.resources.reservations.devices`: GPUs by number or by name. */
export function readDeviceRequest(service: ServiceReading, item: Item, isGpu = false): void {
  const { draft } = service;
  const textsOf = (name: string): readonly string[] =>
    service.texts(service.field(item, name), true).map(({ text }) => text);
  const driver = service.text(service.field(item, "driver")) ?? "";
  const [ids, capabilities] = [textsOf("device_ids"), textsOf("capabilities")];
  const origin = service.originOf(item.path);
  if (driver === "cdi") {
    for (const id of ids) readDevice(draft, id, origin);
    return;
  }
  const names = capabilities.includes("gpu") || capabilities.includes("nvidia");
  if (!isGpu && driver !== "nvidia" && !(driver === "" && names))
    return service.leaveOut(item, "otherDriver");
  const options = service.field(item, "options");
  if (options.value !== undefined) service.leaveOut(options, "gpuOptions");
  addCapabilities(draft, capabilities, origin);
  readNumber(service, item, ids);
}

/** Without a number and names Compose takes all. */
function readNumber(service: ServiceReading, item: Item, ids: readonly string[]): void {
  const { draft } = service;
  const count = service.field(item, "count");
  const isCounted = count.value !== undefined;
  const origin = service.originOf(isCounted ? count.path : item.path);
  if (ids.length === 0) addCount(draft, service.text(count) ?? "all", origin);
  else if (!isCounted) addWish(draft, ids, origin);
  else draft.problem(origin, "count and device_ids exclude each other; Compose refuses the two together");
}
