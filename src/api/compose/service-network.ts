import { readHostAlias } from "../docker-import/machine.ts";
import { addPublished, rangeOf, readNetwork, readPublished } from "../docker-import/network.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

const longPortFields = ["target", "published", "host_ip", "protocol"];

/** `ports`: as `docker run -p` has them, or maps. */
export function readPorts(service: ServiceReading, item: Item): void {
  for (const one of service.items(item)) {
    if (typeof one.value === "object" && one.value !== null) readLongPort(service, one);
    else {
      const text = service.text(one);
      if (text !== undefined) readPublished(service.draft, text, service.originOf(one.path));
    }
  }
}

function readLongPort(service: ServiceReading, item: Item): void {
  const textOf = (name: string): string => service.text(service.field(item, name)) ?? "";
  for (const field of service.fields(item)) {
    if (!["name", "mode", "app_protocol", ...longPortFields].includes(field.name)) {
      service.problem(field.path, "is no field of a port", "key");
    } else if (!longPortFields.includes(field.name)) service.leaveOut(field, "composeOnly");
  }
  const [target, published] = [textOf("target"), textOf("published")];
  const containerPorts = rangeOf(target);
  const hostPorts = published === "" ? [] : rangeOf(published);
  if (containerPorts === undefined || hostPorts === undefined) {
    return service.problem(item.path, "names no port; write target: 80 and published: 8080");
  }
  const address = textOf("host_ip");
  const protocol = textOf("protocol") || "tcp";
  const given = { containerPorts, hostPorts, address, protocol, text: `${published}:${target}` };
  addPublished(service.draft, given, service.originOf(item.path));
}

/** `extra_hosts`: a list of `NAME:IP`, or a map of names to an address or several. */
export function readExtraHosts(service: ServiceReading, item: Item): void {
  const { draft } = service;
  if (Array.isArray(item.value)) {
    for (const { text, path } of service.texts(item)) readHostAlias(draft, text, service.originOf(path));
    return;
  }
  for (const field of service.fields(item)) {
    for (const { text, path } of service.texts(field, true)) {
      readHostAlias(draft, `${field.name}=${text}`, service.originOf(path));
    }
  }
}

/** `network_mode` */
export function readNetworkMode(service: ServiceReading, item: Item): void {
  const mode = service.text(item);
  if (mode === undefined) return;
  if (/^(?:service|container):/.test(mode)) return service.leaveOut(item, "otherContainer");
  readNetwork(service.draft, mode, service.originOf(item.path));
}

/** `networks`: those of the project itself are not there for ds01. */
export function readNetworks(
  service: ServiceReading,
  item: Item,
  external: ReadonlyMap<string, string>,
): void {
  const names = Array.isArray(item.value)
    ? service.texts(item).map(({ text, path }) => ({ name: text, path }))
    : service.fields(item);
  for (const { name, path } of names) {
    const network = external.get(name);
    if (network === undefined) service.leaveOut({ value: name, path }, "composeNetwork");
    else readNetwork(service.draft, network, service.originOf(path));
  }
}
