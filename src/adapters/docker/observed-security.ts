import type { ContainerSecurity, PassedDevice } from "../../core/observed.ts";
import { byContainerPath } from "../../core/plan/container-security.ts";
import type { InspectHostConfig } from "./inspect-json.ts";

/** The rights of a container as inspect shows them, in the terms in which they are declared. */
export function observedSecurity(host: InspectHostConfig): ContainerSecurity {
  return {
    privileged: host.Privileged ?? false,
    pid: host.PidMode === "host" ? "host" : "private",
    capabilitiesAdded: capabilities(host.CapAdd),
    capabilitiesDropped: capabilities(host.CapDrop),
    securityOptions: securityOptions(host.SecurityOpt),
    readOnlyRootFilesystem: host.ReadonlyRootfs ?? false,
    devices: devices(host.Devices),
  };
}

/** Engines write them with or without the prefix, and take either. */
function capabilities(names: readonly string[] | null | undefined): readonly string[] {
  return [...new Set((names ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, "")))].toSorted();
}

/** Docker itself adds `label=disable` where a container shares a namespace with the host. */
function securityOptions(options: readonly string[] | null | undefined): readonly string[] {
  const written = (options ?? []).map((option) => option.replace(/^(\w+):/, "$1="));
  return written
    .filter((option) => option !== "label=disable")
    .map((option) => (option === "no-new-privileges=true" ? "no-new-privileges" : option))
    .toSorted();
}

function devices(found: InspectHostConfig["Devices"]): readonly PassedDevice[] {
  return (found ?? [])
    .map((device) => ({
      pathOnHost: device.PathOnHost,
      pathInContainer: device.PathInContainer ?? device.PathOnHost,
      permissions: device.CgroupPermissions ?? "rwm",
    }))
    .toSorted(byContainerPath);
}
