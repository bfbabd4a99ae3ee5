import { z } from "zod";

/** An absolute path that means what it says: no `..`, and nothing in it that a terminal or a log would take for more. */
export const AbsolutePath = z.string().regex(
  // eslint-disable-next-line no-control-regex -- control characters are what must not stand in a path
  /^\/(?![^]*(?:^|\/)\.\.(?:\/|$))[^\0-\x1F\x7F]*$/,
  'an absolute path without ".."',
);

/** A path of the host, or one below the directory of the spec file. */
export const SourcePath = z.string().regex(
  // eslint-disable-next-line no-control-regex -- control characters are what must not stand in a path
  /^(?![^]*(?:^|\/)\.\.(?:\/|$))[^\0-\x1F\x7F]+$/,
  'an absolute path, or one relative to the directory of the spec file, without ".."',
);

/** Where nothing may be mounted in a container: it would hide what the engine and the NVIDIA runtime rely on. */
const keptPlaces: readonly { readonly path: string; readonly withBelow: boolean }[] = [
  { path: "/", withBelow: false },
  { path: "/dev", withBelow: false },
  { path: "/proc", withBelow: true },
  { path: "/sys", withBelow: true },
  // A mount of nothing below it names a GPU to NVIDIA's runtime.
  { path: "/var/run/nvidia-container-devices", withBelow: true },
  { path: "/run/nvidia-container-devices", withBelow: true },
];

/** Where a volume appears in the container. */
export const MountPath = AbsolutePath.refine(isFreePlace, {
  error: "is the container's own (/, /dev, /proc, /sys and what names GPUs); choose another mountPath",
});

function isFreePlace(path: string): boolean {
  const place = `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
  return !keptPlaces.some(
    ({ path: kept, withBelow }) => place === kept || (withBelow && place.startsWith(`${kept}/`)),
  );
}
