/** One line of the kernel's log. */
export interface KernelLine {
  readonly text: string;
  /** When it was written (milliseconds since the epoch). */
  readonly at: number;
  /** Its place in the log of this boot, to go on from after a restart; null where lines have none. */
  readonly cursor: string | null;
}

/** Whether the log can be read; nothing but error lines is lost while it cannot. */
export interface KernelLogState {
  readonly readable: boolean;
  /** Such as `/dev/kmsg is read`, or why it is not. */
  readonly message: string;
}

/** The log that the NVIDIA driver writes its errors to. */
export interface KernelLog {
  /**
   * Hands over new lines of the NVIDIA driver, several at a time, until the signal: those behind the cursor, without
   * one those of the last `sinceMs`. Never fails; `onState` tells at the start and whenever it is another.
   */
  follow(
    from: { readonly cursor: string | null; readonly sinceMs: number },
    sink: {
      readonly onLines: (lines: readonly KernelLine[]) => void;
      readonly onState: (state: KernelLogState) => void;
    },
    signal: AbortSignal,
  ): void;
}
