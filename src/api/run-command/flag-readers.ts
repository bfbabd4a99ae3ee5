import { readEnvironmentFile } from "../docker-import/environment.ts";
import type { ContainerDraft, Origin } from "../docker-import/container-draft.ts";
import { keepEnvironmentFile } from "../docker-import/env-files.ts";
import { objectNameOf } from "../docker-import/docker-values.ts";
import { absolutePath } from "../docker-import/mounts.ts";
import { readLabel } from "../docker-import/process.ts";
import type { RunSurroundings } from "./flag.ts";

/** `--name`: what of it may be the name of an object. */
export function readName(draft: ContainerDraft, text: string, origin: Origin): void {
  const name = objectNameOf(text);
  if (name === "") return draft.problem(origin, `"${text}" holds nothing that a name can begin with`);
  if (name !== text) draft.changed(origin, `${text} becomes ${name}: names are lower-case, without "_"`);
  draft.name = name;
  draft.mark("metadata.name", origin);
}

/** `--entrypoint`: one word; the rest of the command line follows it. */
export function readEntrypoint(draft: ContainerDraft, text: string, origin: Origin): void {
  draft.spec.command = text === "" ? [] : [text];
  draft.mark("spec.command", origin);
}

/** `--workdir` */
export function readWorkingDirectory(draft: ContainerDraft, text: string, origin: Origin): void {
  draft.spec.workingDir = text;
  draft.mark("spec.workingDir", origin);
}

/** `--env-file`; what `--env` says weighs more, so files are read first. */
export function readVariableFile(
  draft: ContainerDraft,
  path: string,
  origin: Origin,
  { files, environment, directory }: RunSurroundings,
): void {
  const text = files.get(path);
  if (text === undefined) return draft.problem(origin, `${path} was not read`);
  if (keepEnvironmentFile(draft, { path: absolutePath(path, directory), text }, origin)) return;
  readEnvironmentFile(draft, { path, text }, environment);
}

/** `--label-file`: `NAME=value` on each line. */
export function readLabelFile(
  draft: ContainerDraft,
  path: string,
  origin: Origin,
  { files }: RunSurroundings,
): void {
  const text = files.get(path);
  if (text === undefined) return draft.problem(origin, `${path} was not read`);
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() !== "" && !line.trimStart().startsWith("#")) readLabel(draft, line.trim(), origin);
  }
}
