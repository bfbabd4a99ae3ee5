import type { BuildRequest } from "../../ports/container-runtime.ts";
import { StalledError, WaitingError } from "../../util/errors.ts";
import type { EngineClient } from "./engine-client.ts";
import { describedError, engineError } from "./errors.ts";
import { jsonLines } from "./json-lines.ts";
import { loginsHeader } from "./login-header.ts";

/** What ds01 reads of a line of a build's output. */
interface BuildJson {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly aux?: { readonly ID?: string };
}

const what = "build the image";

/**
 * Builds with the engine's own builder, which needs no session, and gives the image no name: returns its id. The engine
 * ends the build when the connection breaks off. StalledError BuildFailed for what the Dockerfile does; WaitingError
 * after `idleMs` without a word.
 */
export async function buildImage(
  client: EngineClient,
  request: BuildRequest,
  idleMs: number,
): Promise<string> {
  const silent = new AbortController();
  const idle = setTimeout(() => silent.abort(noWord(idleMs)), idleMs);
  const signal = AbortSignal.any([silent.signal, request.signal]);
  let id: string | undefined;
  try {
    const stream = await client.open({
      what,
      method: "POST",
      path: "/build",
      query: queryOf(request),
      archive: request.tar,
      headers: loginsHeader(request.logins),
      deadlineMs: idleMs,
      signal,
    });
    for await (const line of jsonLines(stream)) {
      idle.refresh();
      const { stream: text, aux } = line as BuildJson;
      if (text !== undefined) request.onOutput(text);
      id = aux?.ID ?? id;
      const failure = failureIn(line as BuildJson);
      if (failure !== undefined) throw failed(failure, request);
    }
  } catch (error) {
    signal.throwIfAborted();
    const told = engineError(error, what);
    // Before it has begun the engine answers with a status: a Dockerfile that it cannot read.
    const isOfDockerfile = told instanceof StalledError && told.reason === "InvalidConfiguration";
    if (!isOfDockerfile) throw told;
    request.onOutput(`${told.message}\n`);
    throw buildFailed(told.message);
  } finally {
    clearTimeout(idle);
  }
  if (id === undefined) throw buildFailed(`cannot ${what}: the engine names no image`);
  return id;
}

function queryOf({
  dockerfile,
  args,
  target,
  labels,
  limits,
}: BuildRequest): Record<string, string | number> {
  return {
    version: "1",
    dockerfile,
    buildargs: JSON.stringify(args),
    ...(target === null ? {} : { target }),
    labels: JSON.stringify(labels),
    rm: 1,
    forcerm: 1,
    networkmode: "default",
    ...(limits.memoryBytes === null ? {} : { memory: limits.memoryBytes, memswap: limits.memoryBytes }),
    ...(limits.cpus === null ? {} : { cpuperiod: 100_000, cpuquota: Math.round(limits.cpus * 100_000) }),
    ...(limits.cgroupParent === null ? {} : { cgroupparent: limits.cgroupParent }),
  };
}

function failureIn({ error, errorDetail }: BuildJson): string | undefined {
  return errorDetail?.message ?? error;
}

/** What a base image or the disk is to blame for passes or is somebody else's to mend; all else is the Dockerfile's. */
function failed(failure: string, { onOutput }: BuildRequest): Error {
  onOutput(`${failure}\n`);
  const known = describedError(failure, what);
  const isOfImages = known !== undefined && /^(?:Registry|Image|NoSpace|InvalidReference)/.test(known.reason);
  return isOfImages ? known : buildFailed(`cannot ${what}: ${failure}`);
}

function buildFailed(message: string): StalledError {
  return new StalledError({
    reason: "BuildFailed",
    message,
    remedy:
      "ds01 logs NAME --build shows all of it; correct the Dockerfile or its files, which builds anew at once",
  });
}

function noWord(idleMs: number): WaitingError {
  return new WaitingError({
    reason: "BuildStalled",
    message: `cannot ${what}: not a word for ${idleMs / 60_000} min`,
    remedy: "ds01 tries again; let a step that takes long write something now and then",
  });
}
