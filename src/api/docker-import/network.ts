import { commaSeparated } from "./docker-values.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";
import type { WrittenSpec } from "./container-draft.ts";

type WrittenPort = NonNullable<WrittenSpec["ports"]>[number];

/** Where Docker listens when no address is named. */
const everyAddress = "0.0.0.0";

/** So many ports a range may stand for; more is hardly meant. */
const rangeMax = 200;

/** `--network bridge|host|none|NAME`, or `name=NAME,alias=...`. */
export function readNetwork(draft: ContainerDraft, text: string, origin: Origin): void {
  if (text.startsWith("container:")) return draft.leaveOut(origin, "otherContainer", text);
  const fields = text.includes("=") ? commaSeparated(text) : [`name=${text}`];
  if (fields === undefined) return draft.problem(origin, `the quotes in ${text} do not match`);
  const name = fields.find((field) => field.startsWith("name="))?.slice("name=".length) ?? "";
  if (name === "") return draft.problem(origin, "names no network; write --network NAME");
  for (const field of fields) if (!field.startsWith("name=")) draft.leaveOut(origin, "networkOptions", field);
  if (draft.spec.network !== undefined) return draft.leaveOut(origin, "networkOptions", name);
  draft.spec.network = name === "default" ? "bridge" : name;
  draft.mark("spec.network", origin);
}

/** `--publish [[IP:]HOSTPORT:]PORT[/PROTOCOL]`, with ranges on either side. */
export function readPublished(draft: ContainerDraft, text: string, origin: Origin): void {
  const match = /^(?:(?:(\[[0-9A-Fa-f:]+\]|\d+(?:\.\d+){3}):)?([\d-]*):)?([\d-]+)(?:\/([A-Za-z]+))?$/.exec(
    text,
  );
  const [, address, host = "", inside = "", protocol = "tcp"] = match ?? [];
  const containerPorts = rangeOf(inside);
  const hostPorts = host === "" ? [] : rangeOf(host);
  if (match === null || containerPorts === undefined || hostPorts === undefined) {
    return draft.problem(
      origin,
      `"${text}" is no port to publish; write it as in 8888, 8080:80 or 127.0.0.1:8080:80`,
    );
  }
  addPublished(draft, { containerPorts, hostPorts, address, protocol, text }, origin);
}

/** Publishes ports one by one; several ports of the host for one inside are a choice that Docker makes. */
export function addPublished(
  draft: ContainerDraft,
  given: {
    readonly containerPorts: readonly number[];
    readonly hostPorts: readonly number[];
    readonly address: string | undefined;
    readonly protocol: string;
    readonly text: string;
  },
  origin: Origin,
): void {
  const { containerPorts, hostPorts, address, text } = given;
  const protocol = given.protocol.toUpperCase();
  if (protocol !== "TCP" && protocol !== "UDP") return draft.leaveOut(origin, "portProtocol", text);
  const isChoice = hostPorts.length > 1 && containerPorts.length === 1;
  if (isChoice) draft.leaveOut(origin, "portRange", text);
  else if (hostPorts.length > 0 && hostPorts.length !== containerPorts.length) {
    return draft.problem(origin, `the two ranges of "${text}" differ in length`);
  }
  const ports = [...(draft.spec.ports ?? [])];
  for (const [index, containerPort] of containerPorts.entries()) {
    const hostPort = isChoice ? undefined : hostPorts[index];
    const hostIP = address === undefined || address === "" ? everyAddress : address.replaceAll(/[[\]]/g, "");
    const port: WrittenPort = {
      containerPort,
      ...(hostPort === undefined ? {} : { hostPort }),
      hostIP,
      ...(protocol === "UDP" ? { protocol } : {}),
    };
    draft.mark(`spec.ports[${ports.length}]`, origin);
    if (hostIP === everyAddress) {
      draft.mark(
        `spec.ports[${ports.length}].hostIP`,
        origin,
        "every IPv4 address; 127.0.0.1 would be this host alone",
      );
    }
    ports.push(port);
  }
  draft.spec.ports = ports;
}

/** Ports and the network of the host exclude each other. */
export function finishPorts(draft: ContainerDraft): void {
  const { network, ports = [] } = draft.spec;
  if (network !== "host" || ports.length === 0) return;
  const told = new Set<Origin>();
  for (const index of ports.keys()) told.add(draft.origins.get(`spec.ports[${index}]`) ?? draft.origin);
  for (const origin of told) draft.leaveOut(origin, "hostPorts");
  delete draft.spec.ports;
}

/** The ports of `80` or `8000-8010`, or undefined when it is neither, or longer than anybody means. */
export function rangeOf(text: string): readonly number[] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  if (first < 1 || last < first || last > 65_535 || last - first >= rangeMax) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
