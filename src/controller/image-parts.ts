import { labels } from "../api/names.ts";
import type { EventSink } from "../ports/event-sink.ts";
import { AliasTags } from "./alias-tags.ts";
import { BaseCheck } from "./base-check.ts";
import { BuildBook, type BuildBookOptions } from "./build-book.ts";
import { ImageBook } from "./image-book.ts";
import { ImageNeeds } from "./image-needs.ts";
import { ImagePruner } from "./image-pruner.ts";
import { ImageView } from "./image-view.ts";
import type { RuntimeCache } from "./runtime-cache.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";

export interface ImageParts {
  readonly images: ImageBook;
  readonly imageView: ImageView;
  readonly imagePruner: ImagePruner;
}

/** What knows of images and builds, with what it asks of the other parts. */
export function imageParts(
  ports: ManagerPorts,
  { instance, concurrentBuilds = 2, dryRun }: ManagerSettings,
  others: Pick<BuildBookOptions, "limitsOf" | "onChange"> & {
    readonly cache: () => RuntimeCache;
    readonly isSourceSynced: () => boolean;
    readonly events: EventSink;
  },
): ImageParts {
  const { runtime, clock, store, registries: credentials } = ports;
  const aliasTags = new AliasTags(ports.aliasTags, ports.log);
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
        .cache()
        .all()
        .filter(({ labels: own }) => own[labels.uid] === uid && own[labels.instance] === instance),
    limitsOf: others.limitsOf,
    onChange: others.onChange,
  });
  const imageView = new ImageView({
    runtime,
    cache: others.cache,
    records: () => store.list("ContainerSpec"),
    isSourceSynced: others.isSourceSynced,
    builds,
    aliasTags,
    needs: new ImageNeeds(ports.buildContexts),
    instance,
    nextResourceVersion: () => store.nextResourceVersion(),
  });
  const { events } = others;
  return {
    images: new ImageBook({ runtime, clock, credentials, aliasTags, builds }),
    imageView,
    imagePruner: new ImagePruner({
      view: imageView,
      runtime,
      events,
      operations: ports.views,
      lock: ports.lock,
      clock,
      dryRun,
    }),
  };
}
