import type { ObservedContainer, ObservedMount } from "../core/observed.ts";
import { isOwnSecret } from "../core/given-files/secrets.ts";
import { wantedMounts } from "../core/plan/wanted-mounts.ts";
import { expandPresets, presetAnchors, presetGrants, type PresetOwner } from "../core/presets/expand.ts";
import type { VolumeSettings } from "../core/presets/preset.ts";
import type { HostPathGrant } from "../core/quota/host-path-grant.ts";
import type { Violation } from "../core/quota/limits.ts";
import { mountViolation } from "../core/quota/mount-violations.ts";
import { violations } from "../core/quota/violations.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { Identity } from "../ports/identity.ts";
import { StalledError } from "../util/errors.ts";
import { lookAtPaths, realPathsOf, specPaths, type PathFacts } from "./host-path-facts.ts";
import type { HostState } from "./host-state.ts";

export interface UseCheckOptions {
  readonly host: Pick<HostState, "view">;
  readonly hostPaths: HostPaths;
  readonly protectedPaths: () => readonly string[];
  readonly volumes: VolumeSettings;
  readonly identity: Pick<Identity, "userByName">;
}

/**
 * Asks quota and policy once more in the moment in which a path is used: since it was admitted it may have become a link
 * to somewhere else, or the grant may be gone. Throws StalledError with the reason of the refusal.
 */
export class UseCheck {
  readonly #options: UseCheckOptions;

  constructor(options: UseCheckOptions) {
    this.#options = options;
  }

  /** Right before a container is made for the object. */
  async beforeCreate(record: ContainerRecord): Promise<void> {
    const { spec, namespace, name } = record;
    if (spec === null) return;
    const { host, hostPaths, protectedPaths, volumes } = this.#options;
    const { expanded, owner, paths } = specPaths(
      { spec, source: record.source },
      await this.#ownerOf(record),
      volumes,
    );
    const facts = await lookAtPaths(paths, hostPaths, protectedPaths());
    refuseUnreadable(facts, `${namespace}/${name}`);
    const found = violations(expanded.spec, host.view().quotaOf(namespace), {
      object: `${namespace}/${name}`,
      // Slices and their sizes have been judged; that a card was cut anew meanwhile is for the reservation to see.
      devices: [],
      realPaths: realPathsOf(facts),
      protectedPaths: facts.protectedPaths,
      presets: { from: spec.volumes?.length ?? 0, grants: grantsOf(volumes, owner, facts) },
    });
    refuse(found.find(({ reason }) => usedNow.has(reason)));
  }

  /**
   * Right before a container starts: Docker follows links anew then. One that is there may have been made for an
   * earlier spec, so its own mounts count; undefined is one that was made for the spec just now.
   */
  async beforeStart(record: ContainerRecord, container: ObservedContainer | undefined): Promise<void> {
    const { host, hostPaths, protectedPaths, volumes } = this.#options;
    const owner = await this.#ownerOf(record);
    const root = volumes.secretsRoot ?? null;
    const mounts = (container?.config.mounts ?? mountsOf(record, volumes, owner))
      .filter((mount) => mount.type === "bind")
      .filter((mount) => !isOwnSecret(mount, root, record.uid));
    if (mounts.length === 0) return;
    const sources = mounts.map(({ source }) => source);
    const anchors = presetAnchors(volumes.presets, owner);
    const facts = await lookAtPaths([...sources, ...anchors], hostPaths, protectedPaths());
    refuseUnreadable(facts, `${record.namespace}/${record.name}`);
    const quota = host.view().quotaOf(record.namespace);
    const granted = grantsOf(volumes, owner, facts);
    for (const { source, target, readOnly } of mounts) {
      const found = mountViolation({ path: source, readOnly, field: `mount ${target}`, granted }, quota, {
        object: `${record.namespace}/${record.name}`,
        devices: [],
        realPaths: realPathsOf(facts),
        protectedPaths: facts.protectedPaths,
      });
      refuse(found ?? undefined);
    }
  }

  async #ownerOf({ namespace, spec }: ContainerRecord): Promise<PresetOwner> {
    const usesPresets = (spec?.presets ?? []).length > 0;
    const user = usesPresets ? await this.#options.identity.userByName(namespace) : undefined;
    return { namespace, home: user?.home ?? null };
  }
}

function grantsOf(
  { presets }: VolumeSettings,
  owner: PresetOwner,
  { hostPaths }: PathFacts,
): readonly HostPathGrant[] {
  return presetGrants(presets, owner, (path) => hostPaths.get(path)?.realPath);
}

/** What opens the host to a container, and so must hold when it is used; sizes were judged with what was known then. */
const usedNow: ReadonlySet<string> = new Set([
  "HostPathProtected",
  "HostPathDenied",
  "HostPathReadOnly",
  "DeviceProtected",
  "DeviceDenied",
  "PrivilegedDenied",
  "CapabilityDenied",
  "SecurityOptionDenied",
  "HostNetworkDenied",
  "HostIPCDenied",
  "HostPIDDenied",
  "UserDenied",
  "ImageDenied",
  "BuildDenied",
  "HostPortDenied",
  "HostAddressDenied",
]);

/** Where it leads cannot be told, so neither can whether it is granted. */
function refuseUnreadable({ hostPaths }: PathFacts, object: string): void {
  const [path] = [...hostPaths].find(([, { kind }]) => kind === "Unreadable") ?? [];
  if (path === undefined) return;
  throw new StalledError({
    reason: "MountMissing",
    message: `${object} mounts ${path}; ds01 cannot tell where it leads`,
  });
}

function mountsOf(
  { spec, namespace }: ContainerRecord,
  { presets, prefix }: VolumeSettings,
  owner: PresetOwner,
): readonly ObservedMount[] {
  if (spec === null) return [];
  return wantedMounts(expandPresets(spec, presets, owner).spec, { prefix, namespace, instance: "" });
}

function refuse(violation: Violation | undefined): void {
  if (violation === undefined) return;
  const { reason, message } = violation;
  throw new StalledError({ reason, message: `${message} (it was otherwise when this was decided on)` });
}
