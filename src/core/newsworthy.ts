import type { FactType } from "./lifecycle/fact-types.ts";

/** Facts that change nothing in Docker and yet are news to people. */
export const newsworthy: Readonly<Partial<Record<FactType, "Normal" | "Warning">>> = {
  waiting: "Normal",
  "stopped.held": "Normal",
  "stopped.released": "Normal",
  "job.succeeded": "Normal",
  "job.failed": "Warning",
  "restart.waiting": "Warning",
  "retry.waiting": "Warning",
  stalled: "Warning",
  "rolled.back": "Warning",
  "container.lost": "Warning",
};
