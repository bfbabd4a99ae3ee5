import { labels } from "../api/names.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { AliasTags } from "./alias-tags.ts";
import { BaseCheck } from "./base-check.ts";
import { BuildBook, type BuildBookOptions } from "./build-book.ts";
import { ImageBook } from "./image-book.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";

/** What knows of images and builds, with what it asks of the other parts. */
export function imageParts(
  ports: ManagerPorts,
  { instance, concurrentBuilds = 2 }: ManagerSettings,
  others: Pick<BuildBookOptions, "limitsOf" | "onChange"> & {
    readonly containers: () => readonly ObservedContainer[];
  },
): ImageBook {
  const { runtime, clock, registries: credentials } = ports;
  const aliasTags = new AliasTags(ports.aliasTags);
  const builds = new BuildBook({
    bases: new BaseCheck({ runtime, credentials, aliasTags }),
    runtime,
    clock,
    instance,
    contexts: ports.buildContexts,
    credentials,
    concurrent: concurrentBuilds,
    containersOf: ({ uid }) =>
      others
        .containers()
        .filter(({ labels: own }) => own[labels.uid] === uid && own[labels.instance] === instance),
    limitsOf: others.limitsOf,
    onChange: others.onChange,
  });
  return new ImageBook({ runtime, clock, credentials, aliasTags, builds });
}
