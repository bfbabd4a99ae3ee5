import { baseImages } from "../core/base-images.ts";
import { isBuiltByAnother } from "../core/quota/image-violations.ts";
import { saysName } from "../core/quota/image-name.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ContainerRuntime, ImageInfo } from "../ports/container-runtime.ts";
import type { RegistryCredentials } from "../ports/registry-credentials.ts";
import { StalledError } from "../util/errors.ts";
import type { AliasTags } from "./alias-tags.ts";

export interface BaseCheckOptions {
  readonly runtime: Pick<ContainerRuntime, "image" | "pull">;
  readonly credentials: Pick<RegistryCredentials, "loginFor">;
  readonly aliasTags: AliasTags;
}

/**
 * Sees to it that a Dockerfile takes nothing from what others have built, and that a name which another user's alias
 * gave to an image stands for the registry's again. StalledError BuildDenied.
 */
export class BaseCheck {
  readonly #options: BaseCheckOptions;

  constructor(options: BaseCheckOptions) {
    this.#options = options;
  }

  async check(dockerfile: string, record: ContainerRecord, signal: AbortSignal): Promise<void> {
    for (const { reference, isParent } of baseImages(dockerfile, record.spec?.build?.args ?? {})) {
      if (reference === null)
        throw denied("names a base image in a way that cannot be checked: write it out");
      if (isBuiltByAnother(reference, record.namespace)) throw foreign(reference);
      if (reference !== "scratch") await this.#checkImage({ reference, isParent }, record.namespace, signal);
    }
  }

  async #checkImage(
    { reference, isParent }: { readonly reference: string; readonly isParent: boolean },
    namespace: string,
    signal: AbortSignal,
  ): Promise<void> {
    const here = await this.#look(reference, signal);
    const isOthersAlias =
      here !== undefined && this.#options.aliasTags.others(reference, here.id, namespace).length > 0;
    // A parent is fetched first, for what it has for ONBUILD is carried out unseen.
    const isToPull = isOthersAlias || (here === undefined && isParent);
    if (isToPull) await this.#pull(reference, namespace, signal);
    const image = isToPull ? await this.#look(reference, signal) : here;
    const { builtFor = namespace, onBuild = [] } = image ?? {};
    if (builtFor !== namespace && !saysName(reference)) throw foreign(reference);
    if (isParent && onBuild.some((instruction) => /from=/i.test(instruction.replaceAll(/["'\\]/g, "")))) {
      throw denied(
        `builds on ${reference}, whose ONBUILD takes files from another image: use another base image`,
      );
    }
  }

  async #look(reference: string, signal: AbortSignal): Promise<ImageInfo | undefined> {
    return this.#options.runtime.image(reference, signal).catch((error: unknown) => {
      // The builder refuses such a name as well, and says why.
      if (error instanceof StalledError) return undefined;
      throw error;
    });
  }

  async #pull(reference: string, namespace: string, signal: AbortSignal): Promise<void> {
    const login = await this.#options.credentials.loginFor(reference, namespace);
    await this.#options.runtime.pull(reference, signal, { login });
  }
}

function foreign(reference: string): StalledError {
  return denied(`takes from ${reference}, which somebody else has built here: build your own`);
}

function denied(why: string): StalledError {
  return new StalledError({
    reason: "BuildDenied",
    message: `cannot build the image: the Dockerfile ${why}`,
    remedy: "correct the Dockerfile, which builds anew at once",
  });
}
