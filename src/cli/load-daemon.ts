/** Flags of `ds01 controller` as they were given; absent ones come from variables, the file or the defaults. */
export interface ControllerFlags {
  readonly once: boolean;
  readonly dryRun: boolean;
  readonly logFormat: "json" | "pretty";
  readonly config?: string;
  readonly specs?: string;
  readonly stateDir?: string;
  readonly runDir?: string;
  readonly logDir?: string;
  readonly dockerHost?: string;
  readonly gpus?: string;
}

/** Runs the controller in this process; resolves with its exit code. */
export async function runController(flags: ControllerFlags): Promise<number> {
  // The one place where the CLI reaches above its layer: only this verb needs the adapters, and only when it runs.
  const daemon = await import("../daemon.ts");
  return daemon.runController(flags);
}
