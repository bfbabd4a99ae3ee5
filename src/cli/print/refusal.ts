import type { ObjectTarget } from "../../client/client.ts";
import { targetText } from "../target.ts";
import { printable } from "../terminal.ts";

/** `alice/big refused: asks for 4 GPUs; ...`, from a refusal that may name the object itself. */
export function renderRefusal({ target }: { readonly target: ObjectTarget }, message: string): string {
  const key = targetText(target);
  const sentence = (message.startsWith(`${key} `) ? message.slice(key.length + 1) : message).replace(
    /^refused: /,
    "",
  );
  return `${key} refused: ${printable(sentence)}`;
}
