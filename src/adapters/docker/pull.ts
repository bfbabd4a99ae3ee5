import type { PullOptions } from "../../ports/container-runtime.ts";
import { Ds01Error, UnreachableError, WaitingError } from "../../util/errors.ts";
import type { EngineClient } from "./engine-client.ts";
import { describedError, engineError } from "./errors.ts";
import { repositoryAndTag } from "./image-info.ts";
import { jsonLines } from "./json-lines.ts";
import { loginHeader } from "./login-header.ts";
import { PullMeter } from "./pull-progress.ts";

/** Pulls an image and resolves when it is complete; WaitingError after `idleMs` without any progress. */
export async function pullImage(
  client: EngineClient,
  reference: string,
  { idleMs, login, onProgress }: PullOptions & { readonly idleMs: number },
  signal?: AbortSignal,
): Promise<void> {
  const meter = new PullMeter();
  const what = `pull ${reference}`;
  const stalled = new AbortController();
  const signals = [stalled.signal, ...(signal === undefined ? [] : [signal])];
  const idle = setTimeout(() => stalled.abort(noProgress(what, idleMs)), idleMs);
  try {
    const stream = await client.open({
      what,
      method: "POST",
      path: "/images/create",
      query: source(reference),
      ...(login === undefined ? {} : { headers: loginHeader(login) }),
      deadlineMs: idleMs,
      signal: AbortSignal.any(signals),
    });
    for await (const line of jsonLines(stream)) {
      idle.refresh();
      if (meter.add(line)) onProgress?.(meter.progress);
      const failure = failureIn(line);
      if (failure !== undefined) throw describedError(failure, what) ?? pullFailed(what, failure);
    }
  } catch (error) {
    signal?.throwIfAborted();
    stalled.signal.throwIfAborted();
    // Docker says nothing before the registry has answered: silence is the registry's, not the engine's.
    if (error instanceof UnreachableError && error.reason === "EngineTimeout") throw noProgress(what, idleMs);
    throw engineError(error, what);
  } finally {
    clearTimeout(idle);
  }
}

/** A reference without tag would pull every tag there is. */
function source(reference: string): { fromImage: string; tag: string } {
  const digestAt = reference.indexOf("@");
  if (digestAt >= 0) return { fromImage: reference.slice(0, digestAt), tag: reference.slice(digestAt + 1) };
  const { repo, tag } = repositoryAndTag(reference);
  return { fromImage: repo, tag };
}

/** Docker answers 200 before it knows: what goes wrong later is a line of the progress. */
function failureIn(line: unknown): string | undefined {
  const { error, errorDetail } = line as { error?: string; errorDetail?: { message?: string } };
  return errorDetail?.message ?? error;
}

function pullFailed(what: string, failure: string): Ds01Error {
  return new Ds01Error({ reason: "PullFailed", message: `cannot ${what}: ${failure}` });
}

function noProgress(what: string, idleMs: number): WaitingError {
  return new WaitingError({
    reason: "RegistryUnreachable",
    message: `cannot ${what}: no progress for ${idleMs / 1000} s`,
    remedy: "ds01 tries again; if it lasts, check the network and the registry's name",
  });
}
