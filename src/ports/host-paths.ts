/** What stands at a path of the host. */
export interface HostPathInfo {
  /** Absolute path with every link resolved, so that a link cannot lead out of a grant. */
  readonly realPath: string;
  /** `Unreadable`: even ds01 cannot tell where it leads. */
  readonly kind:
    | "Directory"
    | "File"
    | "Socket"
    | "CharDevice"
    | "BlockDevice"
    | "Other"
    | "Missing"
    | "Unreadable";
}

/** Looks at host paths that specs want to mount. */
export interface HostPaths {
  inspect(path: string): Promise<HostPathInfo>;
}
