import { groupBy } from "../../util/group-by.ts";
import type { Device } from "./device.ts";
import { compareDevices } from "./device-order.ts";

/** What is asked of a list of devices again and again; lists are never changed in place. */
interface DeviceBook {
  readonly bySlot: readonly Device[];
  /** UUID of a GPU -> UUIDs of what is cut from it. */
  readonly slicesOf: ReadonlyMap<string, readonly string[]>;
}

const books = new WeakMap<readonly Device[], DeviceBook>();

/** The devices in slot order, and what is cut from which; looked up once a list. */
export function deviceBook(devices: readonly Device[]): DeviceBook {
  const known = books.get(devices);
  if (known !== undefined) return known;
  const slices = devices.filter(({ parentUuid }) => parentUuid !== null);
  const groups = groupBy(slices, ({ parentUuid }) => parentUuid ?? "");
  const book = {
    bySlot: devices.toSorted(compareDevices),
    slicesOf: new Map([...groups].map(([parent, own]) => [parent, own.map(({ uuid }) => uuid)])),
  };
  books.set(devices, book);
  return book;
}
