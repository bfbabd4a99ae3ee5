import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";

/** A container of which ds01 is not in charge, in the words people know it by. */
export interface ForeignContainer {
  readonly id: string;
  readonly name: string;
  /** The person it belongs to, as far as labels, mounts and accounts tell; null when unknown. */
  readonly owner: string | null;
  /** What made it: `docker`, `compose llm`, `devcontainer`, `aime mlc`, `another ds01`. */
  readonly origin: string;
}

/** Somebody a container may belong to. */
export type OwnerCandidate =
  /** `mustExist`: the name is read off a path, so it counts only if there is such an account. */
  | { readonly user: string; readonly mustExist: boolean }
  /** The login name of this uid. */
  | { readonly uid: number };

type Described = Pick<ObservedContainer, "name" | "labels">;

/** System accounts own nothing; people begin here. */
export const firstLoginUid = 1000;

/** What made the container, by the labels its maker leaves. */
export function originOf({ name, labels: own }: Described): string {
  if (own[labels.managed] === "true") return "another ds01";
  if (own["aime.mlc.USER"] !== undefined || own["aime.mlc"] !== undefined) return "aime mlc";
  if (own["devcontainer.local_folder"] !== undefined || own["devcontainer.metadata"] !== undefined) {
    return "devcontainer";
  }
  const project = own["com.docker.compose.project"];
  if (project !== undefined) return `compose ${project}`;
  if (own["io.kubernetes.pod.namespace"] !== undefined) return "kubernetes";
  return name.startsWith("vsc-") ? "devcontainer" : "docker";
}

/** Whose the container may be, most reliable first: the first that exists counts. */
export function ownerCandidates(
  container: Described & { readonly config: Pick<ObservedContainer["config"], "mounts" | "user"> },
): readonly OwnerCandidate[] {
  const { labels: own, name, config } = container;
  const [, suffix] = /\._\.(.+)$/.exec(name) ?? [];
  const [uid] = /^\d+(?=:|$)/.exec(config.user) ?? [];
  return [
    ...named(own[labels.user], false),
    ...named(own["aime.mlc.USER"], false),
    ...(suffix === undefined
      ? []
      : /^\d+$/.test(suffix)
        ? [{ uid: Number(suffix) }]
        : named(suffix.replace(/\.ds01-\d+$/, ""), true)),
    ...homeOf(own["devcontainer.local_folder"]),
    ...config.mounts.flatMap((mount) => (mount.type === "bind" ? homeOf(mount.source) : [])),
    ...homeOf(own["com.docker.compose.project.working_dir"]),
    // Images bring low numbers of their own; who writes a login's number means that login.
    ...(uid === undefined || Number(uid) < firstLoginUid ? [] : [{ uid: Number(uid) }]),
  ];
}

function named(user: string | undefined, mustExist: boolean): readonly OwnerCandidate[] {
  return user === undefined || user === "" ? [] : [{ user, mustExist }];
}

/** The user under whose home a path lies; also as a Windows path into a Linux home. */
function homeOf(path: string | undefined): readonly OwnerCandidate[] {
  const [, user] = /(?:^|[/\\])home[/\\]([^/\\]+)/.exec(path ?? "") ?? [];
  return named(user, true);
}

/** `container llm-web-1 (dave, compose llm)`. */
export function foreignContainerText({ name, owner, origin }: Omit<ForeignContainer, "id">): string {
  return `container ${name} (${owner ?? "unknown user"}, ${origin})`;
}
