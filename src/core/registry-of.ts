import { imageName } from "./quota/image-name.ts";

/** The registry that an image comes from: `docker.io`, `registry.example.org:5000`. */
export function registryOf(reference: string): string {
  const { name } = imageName(reference);
  return name.slice(0, name.indexOf("/"));
}
