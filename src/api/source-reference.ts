import { z } from "zod";

/** Where an object is declared, as its status tells. */
export const StatusSource = z.object({
  name: z.string().optional().describe("The source of the configuration; absent: the specs directory."),
  path: z.string().describe("The file, below the root of its source."),
  revision: z.string().optional().describe("The commit that last changed what the file says of it."),
});
export type StatusSource = z.infer<typeof StatusSource>;
