/** What an image says about its containers. */
export interface ImageDefaults {
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly stopSignal: string | null;
  /** In Docker's notation; null: none. */
  readonly healthTest: readonly string[] | null;
}

/** A setting of a container that no field of a spec stands for. */
export interface OtherSetting {
  /** As in the flag of `docker run`: `--dns`. */
  readonly setting: string;
  readonly value: string;
}

/** What only who adopts a container wants to know of it, beside what is observed of every container. */
export interface FurtherSettings {
  /** Null: the image that it was made from is not here any more. */
  readonly image: ImageDefaults | null;
  /** `docker run --rm`. */
  readonly removedWhenStopped: boolean;
  /** How long Docker lets it end by itself, in seconds; null: Docker's default. */
  readonly stopTimeoutSeconds: number | null;
  /** Drivers of its device requests; empty where it has none. */
  readonly deviceDrivers: readonly string[];
  /** Places of volumes without a name of their own, which Docker removes with the container. */
  readonly anonymousVolumes: readonly string[];
  readonly others: readonly OtherSetting[];
}
