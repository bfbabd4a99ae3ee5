import { z } from "zod";

/** Something that keeps an image: an object that asks for it, or a container made from it. */
export const ImageUser = z.object({
  type: z.enum(["Spec", "Container"]).describe("Whether a spec asks for it or a container is made from it."),
  namespace: z.string().optional().describe("Whose it is; absent: a container that ds01 did not make."),
  name: z.string().describe("Name of the object, or Docker's of a container that ds01 did not make."),
});
export type ImageUser = z.infer<typeof ImageUser>;

/** `spec` of an Image: what the engine says of it. Its name is the short id, as `docker images` shows it. */
export const ImageSpec = z.object({
  id: z.string().describe("Docker's id of it."),
  names: z.array(z.string()).describe("All its names: `name:tag` and `name@digest`."),
  sizeBytes: z.number().describe("Its size in bytes, with the layers that it shares with others."),
  sharedBytes: z
    .number()
    .optional()
    .describe("How much of that it shares; absent where Docker does not say."),
});
export type ImageSpec = z.infer<typeof ImageSpec>;

/** `status` of an Image: where it comes from, who uses it, and whether it may go. */
export const ImageStatus = z.object({
  origin: z
    .enum(["Built", "Aliased", "Other"])
    .describe("Built by ds01, given a name by an alias in a spec, or pulled, loaded or built by others."),
  builtFor: z
    .object({
      namespace: z.string().describe("Whose object it is."),
      name: z.string().describe("Its name."),
    })
    .optional()
    .describe("The object that ds01 built it for."),
  aliases: z
    .array(
      z.object({
        name: z.string().describe("The name."),
        users: z.array(z.string()).describe("The users whose specs call it so."),
      }),
    )
    .optional()
    .describe("Names that it got by aliases in specs, each for some users alone."),
  usedBy: z.array(ImageUser).describe("Specs that ask for it and containers made from it."),
  prunable: z.boolean().describe("Whether `ds01 prune images` removes it."),
  keptBecause: z.string().optional().describe("Why not."),
});
export type ImageStatus = z.infer<typeof ImageStatus>;
