/** What a driver says about the health of one whole GPU in this moment; null is unknown. */
export interface DeviceReport {
  /** PCI address, to tell which GPU an error of the kernel log is about. */
  readonly busId: string | null;
  /** Why the driver has no hold of it any more; null while it has. */
  readonly lost: string | null;
  /** What the driver wants done, such as `GPU Reset`; null for nothing. */
  readonly recoveryAction: string | null;
  readonly remappingPending: boolean;
  readonly remappingFailed: boolean;
  /** Memory errors that could not be corrected, since the driver was loaded. */
  readonly uncorrectedErrors: number | null;
  readonly temperatureCelsius: number | null;
}
