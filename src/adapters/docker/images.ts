import type { ContainerRuntime } from "../../ports/container-runtime.ts";
import type { Log } from "../../ports/log.ts";
import { Ds01Error } from "../../util/errors.ts";
import { buildImage } from "./build-image.ts";
import type { EngineClient } from "./engine-client.ts";
import { imageInfo, listedImage, repositoryAndTag, type ImageJson, type ImageRowJson } from "./image-info.ts";
import { pullImage } from "./pull.ts";
import { unless } from "./unless.ts";

/** What the calls about images need. */
export interface ImageCallOptions {
  readonly client: EngineClient;
  readonly log: Log;
  readonly deadlines: {
    readonly readMs: number;
    readonly changeMs: number;
    readonly pullIdleMs: number;
    readonly buildIdleMs: number;
  };
}

type ImageCalls = Pick<ContainerRuntime, "image" | "images" | "tag" | "pull" | "build" | "removeImage">;

/** The part of the runtime that is about images. */
export function imageCalls({ client, log, deadlines }: ImageCallOptions): ImageCalls {
  const { readMs, changeMs, pullIdleMs, buildIdleMs } = deadlines;
  return {
    image: async (reference, signal) => {
      const what = `look for image ${reference}`;
      const path = `/images/${reference}/json`;
      const request = { what, method: "GET", path, deadlineMs: readMs, signal } as const;
      const json = await unless("ImageNotFound", client.request(request));
      return json === undefined ? undefined : imageInfo(json as ImageJson, reference);
    },

    images: async (signal, { withShared = false } = {}) => {
      const what = "list images";
      const query = withShared ? { "shared-size": 1 } : {};
      const request = { method: "GET", path: "/images/json", deadlineMs: readMs, signal } as const;
      const rows = await client.request({ what, query, ...request });
      if (Array.isArray(rows)) return (rows as readonly ImageRowJson[]).map(listedImage);
      throw new Ds01Error({ reason: "EngineFault", message: `cannot ${what}: the answer is not a list` });
    },

    tag: async (image, as, signal) => {
      const what = `tag ${image} as ${as}`;
      log.debug({ call: what }, "engine call");
      const query = repositoryAndTag(as);
      const path = `/images/${image}/tag`;
      await client.request({ what, method: "POST", path, query, deadlineMs: changeMs, signal });
    },

    build: async (request) => {
      log.debug({ call: "build" }, "engine call");
      return buildImage(client, request, buildIdleMs);
    },

    removeImage: async (idOrReference, signal) => {
      const what = `remove image ${idOrReference}`;
      log.debug({ call: what }, "engine call");
      const path = `/images/${idOrReference}`;
      const request = { method: "DELETE", path, accept: [404], deadlineMs: changeMs, signal } as const;
      await client.request({ what, ...request });
    },

    pull: async (reference, signal, options) => {
      log.debug({ call: `pull ${reference}` }, "engine call");
      await pullImage(client, reference, { idleMs: pullIdleMs, ...options }, signal);
    },
  };
}
