import { z } from "zod";

const domainPart = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const domain = `(?:${domainPart}(?:\\.${domainPart})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const pathPart = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digest = "[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,128}";

/** Docker's own grammar of references (distribution/reference), so that nothing else reaches the engine's paths. */
const pattern = new RegExp(`^(?:${domain}/)?${pathPart}(?:/${pathPart})*(?::${tag})?(?:@${digest})?$`);

/** `spec.image` of a ContainerSpec. */
export const ImageReference = z
  .string()
  .max(512, "at most 512 characters")
  .regex(pattern, 'an image reference such as "pytorch/pytorch:2.5"');

/** `spec.imageAliases` of a ContainerSpec. */
export const ImageAliases = z
  .array(ImageReference)
  .max(16, "at most 16")
  .meta({
    description:
      "Other names of the same image, best first: one that is on this host is tagged as image when that is not.",
    examples: [["pytorch:2.5", "registry.example.org/pytorch/pytorch:2.5"]],
  });
