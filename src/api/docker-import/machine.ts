import type { ContainerDraft, Origin } from "./container-draft.ts";

/** `--tty` and `--interactive` */
export function readTerminal(draft: ContainerDraft, part: "tty" | "stdin", origin: Origin): void {
  draft.spec[part] = true;
  draft.mark(`spec.${part}`, origin);
}

/** `--init` */
export function readInit(draft: ContainerDraft, origin: Origin): void {
  draft.spec.init = true;
  draft.mark("spec.init", origin);
}

/** `--stop-signal`, with or without `SIG`; what a number means depends on the machine. */
export function readStopSignal(draft: ContainerDraft, text: string, origin: Origin): void {
  if (/^\d+$/.test(text)) return draft.leaveOut(origin, "signalNumber", text);
  draft.spec.stopSignal = `SIG${text.toUpperCase().replace(/^SIG/, "")}`;
  draft.mark("spec.stopSignal", origin);
}

/** `--hostname`: names of hosts know no upper case. */
export function readHostname(draft: ContainerDraft, text: string, origin: Origin): void {
  draft.spec.hostname = text.toLowerCase();
  draft.mark("spec.hostname", origin);
}

/** `--add-host NAME:IP`, also with `=`; an address that only the engine knows has no counterpart. */
export function readHostAlias(draft: ContainerDraft, text: string, origin: Origin): void {
  const [, name, ip] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  if (name === undefined || ip === undefined) {
    return draft.problem(origin, `"${text}" is no host; write NAME:IP`);
  }
  if (ip === "host-gateway") return draft.leaveOut(origin, "hostGateway", text);
  const aliases = draft.spec.hostAliases ?? [];
  draft.mark(`spec.hostAliases[${aliases.length}]`, origin);
  draft.spec.hostAliases = [...aliases, { ip: ip.replaceAll(/[[\]]/g, ""), hostnames: [name] }];
}
