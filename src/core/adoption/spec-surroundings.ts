import type { WrittenSpec } from "../../api/docker-import/container-draft.ts";
import { exactQuantity } from "../../api/docker-import/docker-values.ts";
import { Ulimit } from "../../api/ulimit.ts";
import type { ObservedConfiguration, ObservedMount } from "../observed.ts";
import { lostNote, type AdoptionNote } from "./adoption-note.ts";

/** What Docker makes of /dev/shm that nobody gave a size. */
const usualShmBytes = 64 * 1024 ** 2;

/** The limits that it has, those that Docker gives to every container left out. */
export function resourceFields(config: ObservedConfiguration, notes: AdoptionNote[]): WrittenSpec {
  const { cpus, memoryBytes, memorySwapBytes, shmSizeBytes, pidsLimit, ioWeight } = config;
  const hasOwnShm = config.ipc !== "host" && shmSizeBytes !== null && shmSizeBytes !== usualShmBytes;
  const ulimits = ulimitFields(config, notes);
  const devices = ioDevices(config);
  const io = {
    ...(ioWeight === null ? {} : { weight: ioWeight }),
    ...(devices.length === 0 ? {} : { devices }),
  };
  const resources: NonNullable<WrittenSpec["resources"]> = {
    ...(cpus === null ? {} : { cpus }),
    ...(memoryBytes === null
      ? {}
      : { memory: exactQuantity(memoryBytes), memorySwap: swapText(memoryBytes, memorySwapBytes) }),
    ...(hasOwnShm ? { shmSize: exactQuantity(shmSizeBytes) } : {}),
    ...(pidsLimit === null ? {} : { pidsLimit }),
    ...(ulimits.length === 0 ? {} : { ulimits }),
    ...(Object.keys(io).length === 0 ? {} : { io }),
  };
  return Object.keys(resources).length === 0 ? {} : { resources };
}

function swapText(memoryBytes: number, swapBytes: number | null): string {
  if (swapBytes === null) return "unlimited";
  return swapBytes === memoryBytes ? "none" : exactQuantity(swapBytes);
}

function ulimitFields({ ulimits }: ObservedConfiguration, notes: AdoptionNote[]): Ulimit[] {
  const amount = (value: number): number | "unlimited" => (value < 0 ? "unlimited" : value);
  return ulimits.flatMap(({ name, soft, hard }) => {
    const parsed = Ulimit.safeParse({ name, soft: amount(soft), hard: amount(hard) });
    if (parsed.success) return [parsed.data];
    notes.push(lostNote("ulimits", `it has the ulimit ${name}=${soft}:${hard}`));
    return [];
  });
}

type IoDevices = NonNullable<NonNullable<NonNullable<WrittenSpec["resources"]>["io"]>["devices"]>;

function ioDevices({ ioRates }: ObservedConfiguration): IoDevices {
  const paths = [...new Set(ioRates.map(({ path }) => path))];
  return paths.map((path) => {
    const own = ioRates.filter((rate) => rate.path === path);
    const rates = own.map(({ name, perSecond }) => [
      name,
      name.includes("Bytes") ? exactQuantity(perSecond) : perSecond,
    ]);
    return { path, ...Object.fromEntries(rates) } as IoDevices[number];
  });
}

/** Mounts by what they are; volumes of the engine have names there that no spec can say. */
export function volumeFields({ mounts }: ObservedConfiguration, notes: AdoptionNote[]): WrittenSpec {
  const taken = new Set<string>();
  const volumes = mounts.flatMap((mount) => {
    if (mount.type === "volume") {
      const message = `${mount.target} is Docker's volume ${mount.source}; a spec names only volumes of its owner (${mount.source} is not one): its next container is made without, and the volume stays`;
      notes.push({ about: "volumes", message });
      return [];
    }
    return [{ name: mountName(mount.target, taken), ...mountFields(mount) }];
  });
  return volumes.length === 0 ? {} : { volumes };
}

function mountFields(mount: Exclude<ObservedMount, { type: "volume" }>) {
  const place = { mountPath: mount.target, ...(mount.readOnly ? { readOnly: true } : {}) };
  if (mount.type === "bind") return { ...place, hostPath: { path: mount.source } };
  const { sizeBytes, mode } = mount;
  return {
    ...place,
    tmpfs: {
      ...(sizeBytes === null ? {} : { sizeLimit: exactQuantity(sizeBytes) }),
      ...(mode === null ? {} : { mode: mode.toString(8).padStart(4, "0") }),
    },
  };
}

/** `workspace` for `/workspace`, each word once. */
function mountName(target: string, taken: Set<string>): string {
  const words = target.split("/").filter((word) => word !== "");
  const wanted = words.at(-1) ?? "root";
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
  taken.add(name);
  return name;
}

/** What it shares with the host and others. */
export function sharingFields(config: ObservedConfiguration, notes: AdoptionNote[]): WrittenSpec {
  const { network, ipc, ports } = config;
  const isNamed = /^(?![0-9a-f]{12,64}$)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(network);
  if (!isNamed) notes.push(lostNote("network", `its network is ${network}`));
  if (!["private", "shareable", "host", ""].includes(ipc)) notes.push(lostNote("ipc", `its ipc is ${ipc}`));
  return {
    ...(ports.length === 0
      ? {}
      : {
          ports: ports.map(({ containerPort, hostPort, hostIp, protocol }) => ({
            containerPort,
            ...(hostPort === null ? {} : { hostPort }),
            // What Docker means that is told no address.
            hostIP: hostIp === "" ? "0.0.0.0" : hostIp,
            ...(protocol === "udp" ? { protocol: "UDP" as const } : {}),
          })),
        }),
    ...(isNamed && network !== "bridge" ? { network } : {}),
    ...(ipc === "host" ? { ipc: "host" as const } : {}),
  };
}

const knownOptions: readonly string[] = ["apparmor=unconfined", "no-new-privileges", "seccomp=unconfined"];

/** What it may do beyond others; accelerators come with the devices that it holds. */
export function securityFields({ security }: ObservedConfiguration, notes: AdoptionNote[]): WrittenSpec {
  const { capabilitiesAdded: add, capabilitiesDropped: drop, securityOptions } = security;
  for (const option of securityOptions.filter((one) => !knownOptions.includes(one))) {
    // A profile is a whole file of text.
    notes.push(lostNote("--security-opt", `it has ${option.slice(0, 40)}`));
  }
  const has = (option: string): boolean => securityOptions.includes(option);
  const capabilities = {
    ...(add.length === 0 ? {} : { add: [...add] }),
    ...(drop.length === 0 ? {} : { drop: [...drop] }),
  };
  const securityContext: NonNullable<WrittenSpec["securityContext"]> = {
    ...(security.privileged ? { privileged: true } : {}),
    ...(Object.keys(capabilities).length === 0 ? {} : { capabilities }),
    ...(has("no-new-privileges") ? { allowPrivilegeEscalation: false } : {}),
    ...(security.readOnlyRootFilesystem ? { readOnlyRootFilesystem: true } : {}),
    ...(has("seccomp=unconfined") ? { seccompProfile: { type: "Unconfined" as const } } : {}),
    ...(has("apparmor=unconfined") ? { appArmorProfile: { type: "Unconfined" as const } } : {}),
  };
  const devices = security.devices.filter(({ pathOnHost }) => !acceleratorNode.test(pathOnHost));
  return {
    ...(security.pid === "host" ? { pid: "host" as const } : {}),
    ...(Object.keys(securityContext).length === 0 ? {} : { securityContext }),
    ...(devices.length === 0
      ? {}
      : {
          devices: devices.map(({ pathOnHost, pathInContainer, permissions }) => ({
            hostPath: pathOnHost,
            ...(pathInContainer === pathOnHost ? {} : { containerPath: pathInContainer }),
            ...(permissions === "rwm" ? {} : { permissions }),
          })),
        }),
  };
}

const acceleratorNode = /^\/dev\/(?:nvidia|dri\/|accel|vfio\/)/;
