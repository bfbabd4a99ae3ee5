/** Whether the device nodes of a running container can be opened. */
export type AccessVerdict =
  | { readonly type: "granted" }
  /** The kernel refuses `node`, whatever the driver does: the container's device rules have lost it. */
  | { readonly type: "denied"; readonly node: string }
  | { readonly type: "unknown"; readonly message: string };

/** Looks whether containers can still open their NVIDIA devices; changes nothing, never rejects. */
export interface DeviceAccess {
  /** At most ten seconds, one question a container at a time. */
  probe(container: { readonly id: string; readonly pid: number | null }): Promise<AccessVerdict>;
}
