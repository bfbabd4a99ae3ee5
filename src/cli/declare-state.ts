import type { ApiObject } from "../api/meta.ts";
import type { ObjectTarget } from "../client/client.ts";
import { ConflictError, DeniedError, NotFoundError } from "../util/errors.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { namespaceOf } from "./selection.ts";
import { kindOf, parseContainer } from "./target.ts";
import { UsageError } from "./usage-error.ts";

type DesiredState = "Running" | "Stopped" | "Paused";

const becoming: Readonly<Record<DesiredState, string>> = {
  Running: "starting",
  Stopped: "stopping",
  Paused: "pausing",
};

/** Sets spec.desiredState of the named containers in their spec files; `unlessStopped`: not of those to be stopped. */
export async function declareState(
  desiredState: DesiredState,
  request: {
    readonly words: readonly string[];
    readonly namespace: string | undefined;
    readonly unlessStopped?: boolean;
  },
  context: Context,
): Promise<number> {
  if (request.words.length === 0) throw new UsageError("name a container");
  const kind = kindOf("ContainerSpec");
  for (const word of request.words) {
    const target = parseContainer(word, () => namespaceOf(request.namespace, context));
    const current = await context.client.get(kind, target);
    const startsAgain = desiredState === "Running" && request.unlessStopped !== true;
    if (startsAgain && (await endsOverride(current, target, context))) {
      context.print(
        `container/${target.name}: its override has ended (desiredState: ${declared(current)})\n`,
      );
      if (declared(current) === "Running") continue;
    }
    if (desiredState === "Running" && isStoppedForIdleness(current)) {
      await context.client.startAgain(target);
      context.print(`container/${target.name} starting (it was stopped for idleness)\n`);
      continue;
    }
    if (declared(current) === desiredState) {
      context.print(`container/${target.name} unchanged (desiredState is ${desiredState} already)\n`);
      continue;
    }
    if (request.unlessStopped === true && declared(current) === "Stopped") {
      throw new ConflictError({
        reason: "DeclaredStopped",
        message: `${target.name} is declared to be stopped (desiredState: Stopped)`,
        remedy: `Start it: ds01 start ${target.name}`,
      });
    }
    await context.client.patch(kind, target, { spec: { desiredState } });
    context.print(`container/${target.name} ${becoming[desiredState]} (desiredState: ${desiredState})\n`);
  }
  return exitCodes.done;
}

/** True when it was stopped for a while whatever Git says, and no longer is. */
async function endsOverride(current: ApiObject, target: ObjectTarget, context: Context): Promise<boolean> {
  try {
    await context.client.endOverride(target);
    return true;
  } catch (error) {
    // Who may not start it is told so where there is something to start.
    const isRefused = error instanceof DeniedError && !isOverridden(current);
    if (error instanceof NotFoundError || isRefused) return false;
    throw error;
  }
}

function isOverridden({ status }: ApiObject): boolean {
  return (status as { readonly override?: unknown } | undefined)?.override !== undefined;
}

/** The file says already that it runs. */
function isStoppedForIdleness(object: ApiObject): boolean {
  const status = object.status as { readonly phase?: string; readonly reason?: string } | undefined;
  return declared(object) === "Running" && status?.phase === "Completed" && status.reason === "IdleTimeout";
}

function declared(object: ApiObject): string {
  const spec = object.spec as { readonly desiredState?: string } | undefined;
  return spec?.desiredState ?? "Running";
}
