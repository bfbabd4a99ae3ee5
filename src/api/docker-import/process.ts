import { formatDuration } from "../../util/duration.ts";
import { meantText } from "./docker-values.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";

/** `--user`: numbers and root have a field, other names do not. */
export function readUser(draft: ContainerDraft, text: string, origin: Origin): void {
  const user = text === "root:root" ? "root" : text;
  if (!/^(?:root|\d+(?::\d+)?)$/.test(user)) return draft.leaveOut(origin, "userName", text);
  draft.spec.user = user;
  draft.mark("spec.user", origin, "needs a grant; owner is you, with nothing to grant");
}

const restartWords = ["no", "always", "unless-stopped", "on-failure"];

/** `--restart no|always|unless-stopped|on-failure[:N]` */
export function readRestart(draft: ContainerDraft, text: string, origin: Origin): void {
  const [word = "", retries] = text.split(":", 2);
  delete draft.spec.backoffLimit;
  if (word === "no" || word === "") draft.spec.restartPolicy = "Never";
  else if (word === "always" || word === "unless-stopped") draft.spec.restartPolicy = "Always";
  else if (word === "on-failure") draft.spec.restartPolicy = "OnFailure";
  else return draft.problem(origin, `"${word}" is no restart policy${meantText(word, restartWords)}`);
  if (retries !== undefined) readRetries(draft, { word, retries, text }, origin);
  draft.mark("spec.restartPolicy", origin);
}

/** Docker's 0 is without end; retries of anything but a failure it refuses. */
function readRetries(
  draft: ContainerDraft,
  { word, retries, text }: { readonly word: string; readonly retries: string; readonly text: string },
  origin: Origin,
): void {
  if (word !== "on-failure" || !/^\d{1,3}$/.test(retries)) return draft.leaveOut(origin, "retries", text);
  if (Number(retries) === 0) return;
  draft.spec.backoffLimit = Number(retries);
  draft.mark("spec.backoffLimit", origin);
}

/** `--pull always|missing|never` */
export function readPull(draft: ContainerDraft, text: string, origin: Origin): void {
  const policies: Readonly<Record<string, "Always" | "IfNotPresent" | "Never">> = {
    always: "Always",
    missing: "IfNotPresent",
    if_not_present: "IfNotPresent",
    never: "Never",
  };
  const policy = Object.hasOwn(policies, text) ? policies[text] : undefined;
  if (policy === undefined) {
    return draft.problem(
      origin,
      `"${text}" is not always, missing or never${meantText(text, Object.keys(policies))}`,
    );
  }
  draft.spec.imagePullPolicy = policy;
  draft.mark("spec.imagePullPolicy", origin);
}

/** `--stop-timeout` in seconds; -1 is for ever. */
export function readStopTimeout(draft: ContainerDraft, text: string, origin: Origin): void {
  if (!/^-?\d+$/.test(text)) return draft.problem(origin, `"${text}" is not a whole number of seconds`);
  if (Number(text) < 0) return draft.leaveOut(origin, "endless", text);
  setGrace(draft, Number(text) * 1000, origin);
}

/** Time between the stop signal and SIGKILL. */
export function setGrace(draft: ContainerDraft, graceMs: number, origin: Origin): void {
  draft.spec.stopGracePeriod = graceMs === 0 ? "0s" : formatDuration(graceMs);
  draft.mark("spec.stopGracePeriod", origin);
}

/** `--ipc` */
export function readIpc(draft: ContainerDraft, text: string, origin: Origin): void {
  if (text.startsWith("container:")) return draft.leaveOut(origin, "otherContainer", text);
  if (text === "host" || text === "private") draft.spec.ipc = text;
  else if (text !== "") return draft.leaveOut(origin, "namespaces", text);
  draft.mark("spec.ipc", origin);
}

/** `--pid` */
export function readPid(draft: ContainerDraft, text: string, origin: Origin): void {
  if (text === "host") draft.spec.pid = "host";
  else if (text.startsWith("container:")) draft.leaveOut(origin, "otherContainer", text);
  else if (text !== "" && text !== "private") draft.leaveOut(origin, "namespaces", text);
  draft.mark("spec.pid", origin);
}

/** `--runtime`: NVIDIA's passes GPUs in, the usual one is the usual one. */
export function readRuntime(draft: ContainerDraft, text: string, origin: Origin): void {
  if (text === "nvidia") draft.runtime = { name: text, origin };
  else if (!["", "runc", "io.containerd.runc.v2"].includes(text)) draft.leaveOut(origin, "runtime", text);
}

/** A label of Docker's becomes one of the object: `ds01 get -l` selects by it. */
export function readLabel(draft: ContainerDraft, text: string, origin: Origin): void {
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  if (name === "") return draft.problem(origin, "a label has no name; write NAME=value");
  draft.labels.set(name, equals === -1 ? "" : text.slice(equals + 1));
  draft.mark("metadata.labels", origin, "of the object in ds01, not of the container in Docker");
}

/** The shm size has no meaning beside the IPC namespace of the host. */
export function finishIpc(draft: ContainerDraft): void {
  const { ipc, resources } = draft.spec;
  if (ipc !== "host" || resources?.shmSize === undefined) return;
  const { shmSize, ...rest } = resources;
  const origin = draft.origins.get("spec.resources.shmSize") ?? draft.origin;
  if (Object.keys(rest).length === 0) delete draft.spec.resources;
  else draft.spec.resources = rest;
  draft.leaveOut(origin, "hostShm", shmSize);
}

/** An empty entrypoint makes way for the first word of the command. */
export function finishCommand(draft: ContainerDraft): void {
  const { command, args } = draft.spec;
  if (args?.length === 0) delete draft.spec.args;
  if (command?.length !== 0) return;
  const [first, ...rest] = args ?? [];
  const origin = draft.origins.get("spec.command") ?? draft.origin;
  delete draft.spec.command;
  if (first === undefined) return draft.leaveOut(origin, "emptyEntrypoint");
  draft.spec.command = [first];
  if (rest.length > 0) draft.spec.args = rest;
  else delete draft.spec.args;
}
