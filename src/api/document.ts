import { z } from "zod";
import { ContainerSpecSpec } from "./container.ts";
import { WrittenMetadata } from "./meta.ts";
import { apiVersion } from "./names.ts";
import { QuotaSpecSpec } from "./quota.ts";
import { ReservationSpecSpec } from "./reservation.ts";

/** Kinds that people write in files. */
export type WrittenKind = "ContainerSpec" | "QuotaSpec" | "ReservationSpec";

/** A whole ContainerSpec as a file holds it. */
export const ContainerDocument = z
  .strictObject({
    apiVersion: z.literal(apiVersion).describe("Group and version of this kind."),
    kind: z.literal("ContainerSpec").describe("What this document is."),
    metadata: WrittenMetadata.meta({ description: "Name, owner and labels.", examples: [{ name: "train" }] }),
    spec: ContainerSpecSpec.meta({
      description: "What should run.",
      examples: [{ image: "pytorch/pytorch:2.5", gpus: { count: 1 } }],
      // container-rules.ts holds to this; here it lets an editor miss it too.
      oneOf: [{ required: ["image"] }, { required: ["build"] }],
    }),
  })
  .describe("A container that ds01 keeps the way this says: image, limits, GPUs, mounts, deadlines.");
export type ContainerDocument = z.infer<typeof ContainerDocument>;

/** A whole QuotaSpec as a file holds it; it belongs to no namespace. */
export const QuotaDocument = z
  .strictObject({
    apiVersion: z.literal(apiVersion).describe("Group and version of this kind."),
    kind: z.literal("QuotaSpec").describe("What this document is."),
    metadata: WrittenMetadata.omit({ namespace: true }).meta({
      description: "Name and labels.",
      examples: [{ name: "students" }],
    }),
    spec: QuotaSpecSpec.meta({
      description: "Who may have how much.",
      examples: [{ subjects: { groups: ["students"] }, maxContainers: 3 }],
    }),
  })
  .describe("What some users may have, and what they get when they do not say.");
export type QuotaDocument = z.infer<typeof QuotaDocument>;

/** A whole ReservationSpec as a file holds it; it belongs to no namespace. */
export const ReservationDocument = z
  .strictObject({
    apiVersion: z.literal(apiVersion).describe("Group and version of this kind."),
    kind: z.literal("ReservationSpec").describe("What this document is."),
    metadata: WrittenMetadata.omit({ namespace: true }).meta({
      description: "Name and labels.",
      examples: [{ name: "course-ml" }],
    }),
    spec: ReservationSpecSpec.meta({
      description: "Which GPUs are kept, for whom, and when.",
      examples: [
        {
          subjects: { groups: ["course-ml"] },
          devices: ["0"],
          weekly: { days: ["Thursday"], from: "14:00", to: "16:00", timeZone: "Europe/Berlin" },
        },
      ],
    }),
  })
  .describe("GPUs that are kept for some users at some times.");
export type ReservationDocument = z.infer<typeof ReservationDocument>;

export const documentSchemas = {
  ContainerSpec: ContainerDocument,
  QuotaSpec: QuotaDocument,
  ReservationSpec: ReservationDocument,
} as const;

/** The kinds that people write, in the order in which messages name them. */
export const writtenKinds: readonly WrittenKind[] = ["ContainerSpec", "QuotaSpec", "ReservationSpec"];

/** Whether a word is the exact name of a kind that people write. */
export function isWrittenKind(word: unknown): word is WrittenKind {
  return writtenKinds.some((kind) => kind === word);
}
