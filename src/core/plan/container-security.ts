import type { ContainerSpecSpec } from "../../api/container.ts";
import type { HostDevice, SecurityContext } from "../../api/container-security.ts";
import type { ContainerSecurity, PassedDevice } from "../observed.ts";
import { plainPath } from "./plain-path.ts";

/** What every container may do that asks for nothing. */
export const plainSecurity: ContainerSecurity = {
  privileged: false,
  pid: "private",
  capabilitiesAdded: [],
  capabilitiesDropped: [],
  securityOptions: [],
  readOnlyRootFilesystem: false,
  devices: [],
};

/** The rights that a spec asks for, with every default filled in and in one order. */
export function wantedSecurity(spec: ContainerSpecSpec): ContainerSecurity {
  const { securityContext: asked = {}, devices = [] } = spec;
  return {
    privileged: asked.privileged ?? false,
    pid: spec.pid ?? "private",
    capabilitiesAdded: sorted(asked.capabilities?.add),
    capabilitiesDropped: sorted(asked.capabilities?.drop),
    securityOptions: securityOptions(asked),
    readOnlyRootFilesystem: asked.readOnlyRootFilesystem ?? false,
    devices: devices.map(passedDevice).toSorted(byContainerPath),
  };
}

function securityOptions(asked: SecurityContext): readonly string[] {
  return [
    ...(asked.appArmorProfile?.type === "Unconfined" ? ["apparmor=unconfined"] : []),
    ...(asked.allowPrivilegeEscalation === false ? ["no-new-privileges"] : []),
    ...(asked.seccompProfile?.type === "Unconfined" ? ["seccomp=unconfined"] : []),
  ];
}

/** What of it differs from a container that asks for nothing: only this counts for the hash of a spec. */
export function unusualSecurity(spec: ContainerSpecSpec): Readonly<Record<string, unknown>> {
  const usual = JSON.stringify(plainSecurity);
  const wanted = wantedSecurity(spec);
  if (JSON.stringify(wanted) === usual) return {};
  const plain: Readonly<Record<string, unknown>> = { ...plainSecurity };
  return Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(plain[field])),
  );
}

/** In the order in which they are compared. */
export function byContainerPath(one: PassedDevice, other: PassedDevice): number {
  return one.pathInContainer < other.pathInContainer ? -1 : 1;
}

function passedDevice({ hostPath, containerPath, permissions }: HostDevice): PassedDevice {
  const pathOnHost = plainPath(hostPath);
  return {
    pathOnHost,
    pathInContainer: containerPath === undefined ? pathOnHost : plainPath(containerPath),
    permissions: permissions ?? "rwm",
  };
}

function sorted(words: readonly string[] | undefined): readonly string[] {
  return [...new Set(words)].toSorted();
}
