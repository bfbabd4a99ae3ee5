import { Ds01Error } from "../../util/errors.ts";

export type NvidiaSmiReason =
  | "NvidiaSmiMissing"
  | "NvidiaSmiTimeout"
  | "NvidiaSmiFailed"
  | "NvidiaSmiGarbled";

/** nvidia-smi could not be asked or gave no usable answer. */
export class NvidiaSmiError extends Ds01Error {
  declare readonly reason: NvidiaSmiReason;
  /** What it printed, for the few answers that name one sick GPU. */
  readonly output: string;

  constructor(reason: NvidiaSmiReason, message: string, output = "") {
    super({ reason, message, remedy: "look at `nvidia-smi` and `journalctl -k` on this host" });
    this.output = output;
  }
}

/** The error for an answer that came but cannot be trusted. */
export function garbled(call: string, found: string): NvidiaSmiError {
  return new NvidiaSmiError("NvidiaSmiGarbled", `nvidia-smi ${call} answered with ${found}`);
}
