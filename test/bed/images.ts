import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { pauseProgram } from "./pause-program.ts";
import { packTar } from "./tar.ts";
import type { TarEntry } from "./tar.ts";

const secondInNanoseconds = 1_000_000_000;

interface Layer {
  readonly digest: string;
  readonly content: Buffer;
}

interface ImageRecipe {
  readonly tag: string;
  readonly layers: readonly Layer[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly healthcheck?: object;
}

interface BuiltImage extends ImageRecipe {
  readonly id: string;
  readonly config: string;
}

/** The names of the images that loadImages brings. */
export const bedImages = [
  "bed/base:1",
  "bed/pause:1",
  "bed/health:1",
  "bed/crash:1",
  "bed/stubborn:1",
  "bed/nousers:1",
  "bed/oddusers:1",
  "bed/gpu:1",
  "bed/cuda:1",
  "bed/cuda13:1",
] as const;

/** Loads the bed's images into the engine; does nothing where the same images are there already. */
export async function loadImages(docker: Docker): Promise<void> {
  const images = buildImages();
  if (await allPresent(docker, images)) return;
  const stream = await docker.loadImage(Readable.from([packArchive(images)]));
  const answer = await text(stream);
  if (!(await allPresent(docker, images)))
    throw new Error(`the engine did not load the bed's images: ${answer}`);
}

async function allPresent(docker: Docker, images: readonly BuiltImage[]): Promise<boolean> {
  const present = await docker.listImages();
  return images.every((image) =>
    present.some(
      (candidate) => candidate.Id === `sha256:${image.id}` && candidate.RepoTags?.includes(image.tag),
    ),
  );
}

function buildImages(): BuiltImage[] {
  // Few layers: dockerd takes some 80 ms to apply one, whatever its size.
  const base = [layer(systemFiles())];
  const serve = ["/bin/serve"];
  const recipes: ImageRecipe[] = [
    { tag: "bed/base:1", layers: base, command: serve },
    { tag: "bed/pause:1", layers: base, command: ["/bin/pause"] },
    {
      tag: "bed/health:1",
      layers: base,
      command: serve,
      healthcheck: {
        Test: ["CMD-SHELL", "test -e /tmp/healthy"],
        Interval: secondInNanoseconds,
        Timeout: 5 * secondInNanoseconds,
        Retries: 2,
      },
    },
    { tag: "bed/crash:1", layers: base, command: ["/bin/crash"] },
    { tag: "bed/stubborn:1", layers: base, command: ["/bin/stubborn"] },
    { tag: "bed/nousers:1", layers: [...base, layer(withoutUsers)], command: serve },
    { tag: "bed/oddusers:1", layers: [...base, layer(userFiles(oddPasswd, oddGroup))], command: serve },
    { tag: "bed/gpu:1", layers: base, command: ["/bin/show-gpus"] },
    {
      tag: "bed/cuda:1",
      layers: base,
      command: ["/bin/show-gpus"],
      environment: ["NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"],
    },
    {
      tag: "bed/cuda13:1",
      layers: base,
      command: ["/bin/show-gpus"],
      environment: [
        "NVIDIA_VISIBLE_DEVICES=all",
        "NVIDIA_REQUIRE_CUDA=cuda>=13.0 brand=tesla,driver>=999,driver<1000",
      ],
    },
  ];
  return recipes.map(build);
}

function build(recipe: ImageRecipe): BuiltImage {
  const config = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "2024-01-01T00:00:00Z",
    config: {
      Env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ...(recipe.environment ?? []),
      ],
      Cmd: recipe.command,
      WorkingDir: "/",
      ...(recipe.healthcheck === undefined ? {} : { Healthcheck: recipe.healthcheck }),
    },
    rootfs: { type: "layers", diff_ids: recipe.layers.map((part) => `sha256:${part.digest}`) },
  });
  return { ...recipe, config, id: digest(config) };
}

function packArchive(images: readonly BuiltImage[]): Buffer {
  const layers = new Map(
    images.flatMap((image) => image.layers).map((part) => [`${part.digest}.tar`, part.content]),
  );
  const manifest = images.map((image) => ({
    Config: `${image.id}.json`,
    RepoTags: [image.tag],
    Layers: image.layers.map((part) => `${part.digest}.tar`),
  }));
  return packTar([
    { path: "manifest.json", content: JSON.stringify(manifest) },
    ...images.map((image) => ({ path: `${image.id}.json`, content: image.config })),
    ...[...layers].map(([path, content]) => ({ path, content })),
  ]);
}

function layer(entries: readonly TarEntry[]): Layer {
  const content = packTar(entries);
  return { content, digest: digest(content) };
}

function systemFiles(): TarEntry[] {
  const busybox = busyboxPath();
  const own = new Set(["busybox", "serve", "crash", "pause", "stubborn", "show-gpus", "hog"]);
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name && !own.has(name));
  return [
    ...["bin/", "dev/", "etc/", "proc/", "root/", "sys/", "usr/", "usr/bin/", "var/", "home/"].map(
      (path) => ({ path }),
    ),
    { path: "tmp/", mode: 0o1777 },
    { path: "bin/busybox", mode: 0o755, content: readFileSync(busybox) },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTarget: "busybox" })),
    ...Object.entries(programs).map(([name, content]) => ({ path: `bin/${name}`, mode: 0o755, content })),
    { path: "bin/pause", mode: 0o755, content: process.arch === "x64" ? pauseProgram() : programs.serve },
    { path: "tmp/healthy" },
    ...userFiles(
      "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
      "root:x:0:\nnogroup:x:65534:\n",
    ),
  ];
}

function userFiles(passwd: string, group: string): TarEntry[] {
  return [
    { path: "etc/passwd", content: passwd },
    { path: "etc/group", content: group },
  ];
}

const withoutUsers: TarEntry[] = [{ path: "etc/.wh.passwd" }, { path: "etc/.wh.group" }];

// Two names for uid 1000, a user without a home, a service uid in the range of people, no newline at the end.
const oddPasswd = [
  "root:x:0:0:root:/root:/sbin/nologin",
  "node:x:1000:1000::/home/node:/bin/sh",
  "app:x:1000:1000:same uid:/nonexistent:/bin/sh",
  "train.er:x:4242:1000::/:/bin/false",
].join("\n");
const oddGroup = "root:x:0:\nnode:x:1000:\nvideo:x:44:node,ghost";

const programs = {
  serve: `#!/bin/sh
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done
`,
  crash: `#!/bin/sh
trap 'exit 143' TERM
[ -z "$CRASH_AFTER" ] || { sleep "$CRASH_AFTER" & wait $!; }
echo "\${CRASH_MSG:-bed/crash: as asked}" >&2
exit "\${CRASH_CODE:-1}"
`,
  stubborn: `#!/bin/sh
trap '' TERM INT
while :; do sleep 3600; done
`,
  "show-gpus": `#!/bin/sh
nvidia-smi -L 2>/dev/null || echo "no GPU visible"
exec /bin/serve
`,
  hog: `#!/bin/sh
exec tail /dev/zero
`,
};

function busyboxPath(): string {
  const candidates = ["/bin/busybox", "/usr/bin/busybox"];
  const found = candidates.find((path) => isStatic(path));
  if (found === undefined) throw new Error("no static busybox in /bin: apt-get install busybox-static");
  return found;
}

function isStatic(path: string): boolean {
  try {
    return !readFileSync(path).subarray(0, 4096).includes("ld-linux");
  } catch {
    return false;
  }
}

function digest(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}
