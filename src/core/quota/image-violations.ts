import { imageName, matchesImage, mayBeImageId } from "./image-name.ts";
import type { Violation } from "./limits.ts";
import { at, type Subject } from "./violation-words.ts";

/** An image that is denied, or that is not among those allowed. */
export function imageViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const { imagesAllowed: allowed, imagesDenied: denied } = quota.grants;
  if (allowed.value === null && denied.value.length === 0) return [];
  const refused = (why: string): readonly Violation[] => [
    {
      reason: "ImageDenied",
      field: "spec.image",
      message: `${facts.object} uses image ${spec.image}; ${why}`,
    },
  ];
  if (mayBeImageId(spec.image)) {
    const { origin } = allowed.value === null ? denied : allowed;
    return refused(
      `quota "${origin.quota ?? ""}" goes by names${at(origin)} and this can be an image's id: write its name with a tag`,
    );
  }
  const image = imageName(spec.image);
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
