import type { ListedImage } from "../../src/ports/container-runtime.ts";

/** An image of the fake engine, and how a process made from it behaves. */
export interface FakeImage {
  readonly reference: string;
  readonly id: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ignoresTerm: boolean;
  /** It ends by itself; null: it serves until it is stopped. */
  readonly ends: { readonly afterMs: number; readonly exitCode: number } | null;
  readonly hasHealthCheck: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly onBuild: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** An image that serves until SIGTERM, changed by what is given. */
export function fakeImage(reference: string, overrides: Partial<FakeImage> = {}): FakeImage {
  return {
    reference,
    id: `sha256:${idOf(reference)}`,
    entrypoint: [],
    command: ["/bin/serve"],
    workingDir: "/",
    user: "",
    environment: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    ignoresTerm: false,
    ends: null,
    hasHealthCheck: false,
    labels: {},
    onBuild: [],
    createdAt: 0,
    ...overrides,
  };
}

/** The images of the test bed, as the fake engine has them. */
export function fakeBedImages(): FakeImage[] {
  return [
    fakeImage("bed/base:1"),
    fakeImage("bed/pause:1"),
    fakeImage("bed/health:1", { hasHealthCheck: true }),
    fakeImage("bed/crash:1", { command: ["/bin/crash"], ends: { afterMs: 0, exitCode: 1 } }),
    fakeImage("bed/stubborn:1", { command: ["/bin/stubborn"], ignoresTerm: true }),
    fakeImage("bed/nousers:1"),
    fakeImage("bed/oddusers:1"),
    fakeImage("bed/gpu:1", { command: ["/bin/show-gpus"] }),
    fakeImage("bed/cuda:1", {
      command: ["/bin/show-gpus"],
      environment: { ...fakeImage("").environment, NVIDIA_VISIBLE_DEVICES: "all" },
    }),
  ];
}

/** 64 hex digits that stay the same for the same text. */
export function idOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of text)
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0").repeat(4);
}

/** Names of an image; what has none stands under its id. */
function namesOf(id: string, here: ReadonlyMap<string, FakeImage>): readonly string[] {
  return [...here].flatMap(([name, image]) => (image.id === id && name !== id ? [name] : []));
}

/** Under which keys an image stands no more when this name or id of it is removed: its id too, when the image goes. */
export function namesGoneWith(
  nameOrId: string,
  { id }: FakeImage,
  here: ReadonlyMap<string, FakeImage>,
): readonly string[] {
  const names = namesOf(id, here);
  const name = names.find((one) => one === nameOrId || one === `${nameOrId}:latest`);
  return name !== undefined && names.length > 1 ? [name] : [...names, id];
}

/** The engine's list of images: one row an id, with all its names. */
export function listFakeImages(
  here: ReadonlyMap<string, FakeImage>,
  withShared: boolean,
): readonly ListedImage[] {
  const ids = [...new Set([...here.values()].map(({ id }) => id))];
  return ids.map((id) => {
    const references = namesOf(id, here);
    const { labels = {}, createdAt = 0 } = [...here.values()].find((image) => image.id === id) ?? {};
    return {
      id,
      references,
      sizeBytes: 1_000_000,
      sharedBytes: withShared ? 400_000 : null,
      createdAt,
      labels,
    };
  });
}
