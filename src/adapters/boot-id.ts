import { readFileSync } from "node:fs";
import { errorCode } from "./error-code.ts";

/** What changes at each start of the kernel; empty where it gives none. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}
