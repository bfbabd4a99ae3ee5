import { InvalidError } from "../../util/errors.ts";
import type { DeviceProvider } from "../../ports/device-provider.ts";
import { AutoProvider } from "./auto.ts";
import { noneProvider } from "./none.ts";
import { CdiFilesProvider } from "./cdi-files.ts";
import { NvidiaProvider, type NvidiaOptions } from "./nvidia.ts";
import { SeveralProviders, type AcceleratorProvider } from "./several.ts";
import { SimulatedProvider } from "./simulated.ts";
import { TpuProvider } from "./tpu.ts";

/** Makes a provider from what stands after the colon of `--gpus`, undefined without a colon. */
type MakeProvider = (argument: string | undefined, options: NvidiaOptions) => DeviceProvider;

/** One row for each word of `--gpus`. */
const providers: Readonly<Record<string, MakeProvider>> = {
  auto: (argument, options) => withoutArgument("auto", argument, () => new AutoProvider(options)),
  nvidia: (argument, options) => withoutArgument("nvidia", argument, () => new NvidiaProvider(options)),
  none: (argument) => withoutArgument("none", argument, () => noneProvider),
  simulated: (argument) => {
    if (argument === undefined || argument === "") throw invalid("simulated", "names no file");
    return new SimulatedProvider(argument);
  },
};

/** Those that can stand beside one for GPUs. */
const beside: Readonly<Record<string, (argument: string | undefined) => AcceleratorProvider>> = {
  tpu: (argument) => new TpuProvider(argument),
  cdi: (argument) => new CdiFilesProvider(argument === undefined ? undefined : [argument]),
};

/**
 * The providers that `--gpus` names, as one: `auto`, `nvidia`, `none` or `simulated:FILE`, and after commas `tpu` or
 * `cdi`; throws InvalidError otherwise.
 */
export function deviceProvider(selection: string, options: NvidiaOptions): DeviceProvider {
  // The name of a file may have commas in it.
  const [first = "", ...others] = selection.split(/,(?=(?:tpu|cdi)(?:[:,]|$))/);
  const [word, argument] = wordOf(first);
  const isBeside = Object.hasOwn(beside, word);
  const make = isBeside ? providers["none"] : Object.hasOwn(providers, word) ? providers[word] : undefined;
  if (make === undefined) throw invalid(selection, "is none of them");
  const gpus = make(isBeside ? undefined : argument, options);
  const more = (isBeside ? [first, ...others] : others).flatMap((each) => {
    const [name, given] = wordOf(each);
    return beside[name]?.(given) ?? [];
  });
  return more.length === 0 ? gpus : new SeveralProviders(gpus, more);
}

/** What stands before and after the first colon. */
function wordOf(text: string): readonly [string, string | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function withoutArgument(
  word: string,
  argument: string | undefined,
  make: () => DeviceProvider,
): DeviceProvider {
  if (argument !== undefined) throw invalid(`${word}:${argument}`, "takes nothing after the colon");
  return make();
}

function invalid(selection: string, what: string): InvalidError {
  return new InvalidError({
    reason: "UnknownGpuProvider",
    message: `--gpus is auto, nvidia, none or simulated:FILE, and with a comma also tpu or cdi; "${selection}" ${what}`,
  });
}
