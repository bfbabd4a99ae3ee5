import { z } from "zod";
import { checkVariableNames } from "./container-rules.ts";
import { Unlimited } from "./fields.ts";

const Amount = z.union([Unlimited, z.number().int().min(0)]);

/** One resource limit of processes, as setrlimit(2) has it. */
export const Ulimit = z
  .strictObject({
    name: z
      .enum([
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
      ])
      .meta({ description: "Which limit, in the words of `docker run --ulimit`.", examples: ["memlock"] }),
    soft: Amount.meta({
      description: "What a process starts with; bytes, or a number of files or processes.",
      examples: [65536],
    }),
    hard: Amount.meta({ description: "Up to what a process may raise it by itself.", examples: [65536] }),
  })
  .refine(({ soft, hard }) => hard === "unlimited" || (soft !== "unlimited" && soft <= hard), {
    error: "soft must not be more than hard",
    path: ["soft"],
  });
export type Ulimit = z.infer<typeof Ulimit>;

/** Ulimits, each name once. */
export const Ulimits = z
  .array(Ulimit)
  .superRefine(checkVariableNames, { when: ({ value }) => Array.isArray(value) })
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });
