import { isReservedVariable } from "../environment.ts";
import { deviceList } from "./gpus.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";

/** Variables of the process that runs the import: what `-e NAME` without a value takes. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** One variable as Docker writes it, `NAME=value` or `NAME`; the last one of a name counts. */
export function readVariable(draft: ContainerDraft, text: string, origin: Origin, around: Variables): void {
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  if (name === "") return draft.problem(origin, "a variable has no name; write NAME=value");
  const value = equals === -1 ? around[name] : text.slice(equals + 1);
  if (value === undefined) return draft.leaveOut(origin, "unsetVariable", name);
  setVariable(draft, name, value, origin);
}

/** Sets a variable; what names devices becomes a wish for GPUs. */
export function setVariable(draft: ContainerDraft, name: string, value: string, origin: Origin): void {
  if (name === "NVIDIA_VISIBLE_DEVICES") draft.visibleDevices = { devices: deviceList(value), origin };
  if (isReservedVariable(name)) {
    if (name !== "NVIDIA_VISIBLE_DEVICES") draft.leaveOut(origin, "reserved", name);
    return;
  }
  draft.environment.set(name, { value, origin });
}

/** The variables of an env file of `docker run`: a line each, blank ones and comments apart, quotes kept. */
export function readEnvironmentFile(
  draft: ContainerDraft,
  file: { readonly path: string; readonly text: string },
  around: Variables,
): void {
  const lines = file.text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const text = line.trimStart();
    if (text === "" || text.startsWith("#")) continue;
    const position = { line: index + 1, column: line.length - text.length + 1 };
    const origin = { file: file.path, position, length: text.length, field: "" };
    const name = text.split("=", 1)[0] ?? "";
    if (/\s/.test(name)) {
      draft.problem({ ...origin, length: name.length }, "a name of a variable has no spaces in it");
    } else readVariable(draft, text, origin, around);
  }
}

/** Puts the variables into the spec. */
export function finishEnvironment(draft: ContainerDraft): void {
  if (draft.environment.size === 0) return;
  const variables = [...draft.environment];
  draft.spec.env = variables.map(([name, { value }]) => ({ name, value }));
  for (const [index, [, { origin }]] of variables.entries()) draft.mark(`spec.env[${index}]`, origin);
}
