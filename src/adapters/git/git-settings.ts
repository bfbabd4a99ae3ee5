import type { GitConfiguration } from "../../api/source-configuration.ts";
import type { SourcePlace } from "../../ports/spec-source.ts";
import { parseDuration } from "../../util/duration.ts";
import { parseBytes } from "../../util/quantity.ts";

/** What is to be fetched, and how. */
export interface GitSettings {
  readonly url: string;
  /** As `git fetch` takes it: `refs/heads/main`, a commit, or HEAD. */
  readonly ref: string;
  /** What people call it. */
  readonly place: SourcePlace;
  /** Directory in the repository; empty: its root. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly credentials: NonNullable<GitConfiguration["credentials"]>;
  readonly proxy: string | undefined;
  /** Of https; undefined: the authorities of the system. */
  readonly caFile: string | undefined;
  readonly onInvalid: "file" | "revision";
  readonly allowEmpty: boolean;
  readonly maximumBytes: number;
  /** Whose signature a revision must carry; undefined: none is asked for. */
  readonly verify: GitConfiguration["verify"];
  /** Where changes may be pushed to, and what follows USER@ in their author; undefined: nowhere. */
  readonly push?: GitConfiguration["push"];
  /** A program that is told what became of a revision. */
  readonly statusCommand: readonly string[] | undefined;
}

/** Settings with defaults filled in. */
export function gitSettings(given: GitConfiguration): GitSettings {
  const path = (given.path ?? "").replace(/\/+$/, "");
  const shown = shownRef(given.ref);
  return {
    url: given.url,
    ref: fetchedRef(given.ref),
    place: {
      type: "git",
      url: given.url.replace(/^(https?:\/\/)[^/@]*@/, "$1"),
      ...(shown === undefined ? {} : { ref: shown }),
      ...(path === "" ? {} : { path }),
    },
    path,
    intervalMs: parseDuration(given.interval ?? "") ?? 60_000,
    timeoutMs: parseDuration(given.timeout ?? "") ?? 120_000,
    credentials: given.credentials ?? {},
    proxy: given.proxy,
    caFile: given.caFile,
    onInvalid: given.onInvalid ?? "file",
    allowEmpty: given.allowEmpty ?? false,
    statusCommand: given.statusCommand,
    maximumBytes: parseBytes(given.maximumSize ?? "") ?? 256 * 1024 ** 2,
    verify: given.verify,
    push: given.push,
  };
}

function fetchedRef(ref: GitConfiguration["ref"]): string {
  if (ref === undefined) return "HEAD";
  if (typeof ref === "string") return ref.startsWith("refs/") ? ref : `refs/heads/${ref}`;
  if (ref.tag !== undefined) return `refs/tags/${ref.tag}`;
  return ref.commit ?? `refs/heads/${ref.branch ?? ""}`;
}

function shownRef(ref: GitConfiguration["ref"]): string | undefined {
  return typeof ref === "string" || ref === undefined ? ref : (ref.branch ?? ref.tag ?? ref.commit);
}
