import { buildRepositories, buildRepositoriesOf } from "../build.ts";
import { imageName, matchesImage, mayBeImageId } from "./image-name.ts";
import type { Violation } from "./limits.ts";
import { at, type Subject } from "./violation-words.ts";

/** An image or another name of it that is denied, or that is not among those allowed. */
export function imageViolations(subject: Subject): readonly Violation[] {
  const { image, imageAliases = [] } = subject.spec;
  if (image === undefined) return buildViolations(subject);
  return [
    ...violationsOf(image, "spec.image", subject),
    ...imageAliases.flatMap((alias, index) => aliasViolations(alias, `spec.imageAliases[${index}]`, subject)),
  ];
}

function aliasViolations(alias: string, field: string, subject: Subject): readonly Violation[] {
  const denied = violationsOf(alias, field, subject);
  return denied.length > 0 ? denied : builtAliasViolations(alias, field, subject);
}

/** A Dockerfile can fetch whatever it names, so a list of images is worth nothing beside builds. */
function buildViolations({ quota, facts }: Subject): readonly Violation[] {
  const { build, imagesAllowed, imagesDenied } = quota.grants;
  const isRestricted = imagesAllowed.value !== null || imagesDenied.value.length > 0;
  if (build.value ?? !isRestricted) return [];
  const { origin } =
    build.value === false ? build : imagesAllowed.value === null ? imagesDenied : imagesAllowed;
  const why =
    build.value === false
      ? `quota "${origin.quota ?? ""}" forbids it${at(origin)}`
      : `quota "${origin.quota ?? ""}" says which images may be used${at(origin)}, and policy.build grants no builds`;
  const message = `${facts.object} builds its image; ${why}: use an image, or ask an admin`;
  return [{ reason: "BuildDenied", field: "spec.build", message }];
}

function violationsOf(reference: string, field: string, { quota, facts }: Subject): readonly Violation[] {
  if (isBuiltByAnother(reference, quota.user)) {
    const message = `${facts.object} uses image ${reference}, which somebody else has built here: build your own`;
    return [{ reason: "ImageDenied", field, message }];
  }
  const { imagesAllowed: allowed, imagesDenied: denied } = quota.grants;
  if (allowed.value === null && denied.value.length === 0) return [];
  const refused = (why: string): readonly Violation[] => [
    {
      reason: "ImageDenied",
      field,
      message: `${facts.object} uses image ${reference}; ${why}`,
    },
  ];
  if (mayBeImageId(reference)) {
    const { origin } = allowed.value === null ? denied : allowed;
    return refused(
      `quota "${origin.quota ?? ""}" goes by names${at(origin)} and this can be an image's id: write its name with a tag`,
    );
  }
  const image = imageName(reference);
  const shown = `which is ${image.name}${image.digest === null ? `:${image.tag}` : `@${image.digest}`}`;
  const against = denied.value.find((pattern) => matchesImage(image, pattern, true));
  if (against !== undefined) {
    const { origin } = denied;
    return refused(
      `quota "${origin.quota ?? ""}" denies ${against}${at(origin)}, ${shown}: use another image or ask an admin`,
    );
  }
  if (allowed.value === null || allowed.value.some((pattern) => matchesImage(image, pattern, false)))
    return [];
  const { origin } = allowed;
  return refused(
    `quota "${origin.quota ?? ""}" allows ${allowed.value.join(", ") || "none"}${at(origin)}, and this is ${image.name}: use another image or ask an admin`,
  );
}

/** Every build of the engine would take what ds01 built for one user for the image of that name. */
function builtAliasViolations(alias: string, field: string, { facts }: Subject): readonly Violation[] {
  if (!imageName(alias).name.startsWith(`docker.io/${buildRepositories}/`)) return [];
  const message = `${facts.object} names ${alias} as an alias, which was built here: put it in spec.image itself`;
  return [{ reason: "ImageDenied", field, message }];
}

/** What somebody builds has their files in it, which are nobody else's. */
export function isBuiltByAnother(reference: string, user: string): boolean {
  const { name } = imageName(reference);
  if (!name.startsWith(`docker.io/${buildRepositories}/`)) return false;
  return !name.startsWith(`docker.io/${buildRepositoriesOf(user)}/`);
}
