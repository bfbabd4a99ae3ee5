import type { MountSettings } from "dockerode";
import type { DesiredContainer } from "../../core/plan/desired-container.ts";
import type { ObservedMount } from "../../core/observed.ts";
import type { InspectJson } from "./inspect-json.ts";

/** Mounts as Docker's create call takes them. */
export function translateMounts({ mounts, volumes }: DesiredContainer): MountSettings[] {
  return mounts.map((mount): MountSettings => {
    const { target, readOnly } = mount;
    switch (mount.type) {
      case "bind":
        // Without a word on propagation Docker takes rprivate, and rslave where its own data lies below the source.
        return { Type: "bind", Source: mount.source, Target: target, ReadOnly: readOnly };
      case "volume": {
        const labels = volumes.find(({ name }) => name === mount.source)?.labels ?? {};
        return {
          Type: "volume",
          Source: mount.source,
          Target: target,
          ReadOnly: readOnly,
          // For one that is missing, which is made with the container.
          VolumeOptions: { NoCopy: false, Labels: { ...labels }, DriverConfig: localDriver },
        };
      }
      case "tmpfs":
        return {
          Type: "tmpfs",
          Source: "",
          Target: target,
          ReadOnly: readOnly,
          TmpfsOptions: {
            ...(mount.sizeBytes === null ? {} : { SizeBytes: mount.sizeBytes }),
            ...(mount.mode === null ? {} : { Mode: mount.mode }),
          } as MountSettings["TmpfsOptions"],
        } as MountSettings;
    }
  });
}

const localDriver = { Name: "local", Options: {} };

/** Ordered by target. Volumes that an image declares are left out: they are the image's, and nobody wrote them. */
export function observedMounts({ Mounts: shown, HostConfig: host }: InspectJson): ObservedMount[] {
  const found = (shown ?? []).flatMap((mount): readonly ObservedMount[] => {
    const place = { target: mount.Destination, readOnly: !mount.RW };
    if (mount.Type === "bind") return [{ type: "bind", source: mount.Source, ...place }];
    if (mount.Type !== "volume" || isAnonymous(mount.Name ?? "")) return [];
    return [{ type: "volume", source: mount.Name ?? "", ...place }];
  });
  const inMemory = (host.Mounts ?? [])
    .filter(({ Type }) => Type === "tmpfs")
    .map(({ Target, ReadOnly = false, TmpfsOptions: options }): ObservedMount => ({
      type: "tmpfs",
      target: Target,
      readOnly: ReadOnly,
      sizeBytes: options?.SizeBytes ?? null,
      mode: options?.Mode ?? null,
    }));
  return [...found, ...inMemory].toSorted((left, right) => (left.target < right.target ? -1 : 1));
}

/** Docker's own names for volumes that were given none. */
function isAnonymous(name: string): boolean {
  return name === "" || /^[0-9a-f]{64}$/.test(name);
}
