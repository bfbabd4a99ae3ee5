/** Group and version of every kind of ours. */
export const apiGroup = "ds01.io";
export const apiVersion = "ds01.io/v1alpha1";

export type Kind =
  | "ContainerSpec"
  | "QuotaSpec"
  | "ReservationSpec"
  | "Gpu"
  | "Image"
  | "Preset"
  | "Source"
  | "Event";

/** How one kind is named by people and in paths; light, so that the CLI can load it at once. */
export interface KindName {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  /** Every other word that `ds01 get` accepts. */
  readonly aliases: readonly string[];
  readonly namespaced: boolean;
  /** Observed kinds are made by ds01 and cannot be written. */
  readonly observed: boolean;
  readonly apiVersion: string;
}

export const kindNames: readonly KindName[] = [
  {
    kind: "ContainerSpec",
    plural: "containers",
    singular: "container",
    aliases: ["containerspec", "containerspecs", "ctr"],
    namespaced: true,
    observed: false,
    apiVersion,
  },
  {
    kind: "QuotaSpec",
    plural: "quotas",
    singular: "quota",
    aliases: ["quotaspec", "quotaspecs"],
    namespaced: false,
    observed: false,
    apiVersion,
  },
  {
    kind: "ReservationSpec",
    plural: "reservations",
    singular: "reservation",
    aliases: ["reservationspec", "reservationspecs", "rsv"],
    namespaced: false,
    observed: false,
    apiVersion,
  },
  {
    kind: "Gpu",
    plural: "gpus",
    singular: "gpu",
    aliases: [],
    namespaced: false,
    observed: true,
    apiVersion,
  },
  {
    kind: "Image",
    plural: "images",
    singular: "image",
    aliases: ["img"],
    namespaced: false,
    observed: true,
    apiVersion,
  },
  {
    kind: "Preset",
    plural: "presets",
    singular: "preset",
    aliases: [],
    namespaced: false,
    observed: true,
    apiVersion,
  },
  {
    kind: "Source",
    plural: "sources",
    singular: "source",
    aliases: [],
    namespaced: false,
    observed: true,
    apiVersion,
  },
  {
    kind: "Event",
    plural: "events",
    singular: "event",
    aliases: ["ev"],
    namespaced: true,
    observed: true,
    apiVersion: "v1",
  },
];

/** The kind a word means (`ctr`, `containers`, `ContainerSpec`), or undefined. */
export function kindByWord(word: string): KindName | undefined {
  const lower = word.toLowerCase();
  return kindNames.find(
    (name) =>
      name.plural === lower ||
      name.singular === lower ||
      name.kind.toLowerCase() === lower ||
      name.aliases.includes(lower),
  );
}

/** Annotations of a spec that ds01 acts on. */
export const annotations = {
  /** RFC 3339: a container whose last start is older is started again. */
  restartedAt: "ds01.io/restartedAt",
  /** Id of a container that ds01 did not make and that the spec is to stand for: none is made beside it. */
  adopts: "ds01.io/adopts",
  /** Whether its container goes when its file has: `disabled`, or `confirm`. */
  prune: "ds01.io/prune",
  /** What becomes of its running job when its file is gone: one of `deletionPolicies`. */
  deletionPolicy: "ds01.io/deletion-policy",
} as const;

/** What becomes of a running job whose file is gone: it is stopped, or goes on to its end. */
export const deletionPolicies = ["stop", "finish"] as const;
export type DeletionPolicy = (typeof deletionPolicies)[number];

/** Labels that ds01 writes once at create; only these prove that a container is ours (DESIGN 4). */
export const labels = {
  managed: "ds01.managed",
  user: "ds01.user",
  name: "ds01.name",
  uid: "ds01.uid",
  generation: "ds01.generation",
  specHash: "ds01.spec-hash",
  gpuUuids: "ds01.gpu.uuids",
  gpuSlots: "ds01.gpu.slots",
  gpuSlices: "ds01.gpu.slices",
  gpuAllocated: "ds01.gpu.allocated",
  injection: "ds01.injection",
  instance: "ds01.instance",
  /** Of what the presets of the spec stood for when it was made. */
  presets: "ds01.presets",
  /** Never written on a container: what is kept beside Docker about one that ds01 did not make (AdoptionBook). */
  adopted: "ds01.adopted",
  /** Of volumes: their name among those of their owner. */
  volume: "ds01.volume",
} as const;
