import type { HostPathKind } from "../core/world.ts";

/** What stands at a path of the host. */
export interface HostPathInfo {
  /** Absolute path with every link resolved, so that a link cannot lead out of a grant. */
  readonly realPath: string;
  /** `Unreadable`: even ds01 cannot tell where it leads. */
  readonly kind: HostPathKind;
}

/** Looks at host paths that specs want to mount. */
export interface HostPaths {
  inspect(path: string): Promise<HostPathInfo>;
}
