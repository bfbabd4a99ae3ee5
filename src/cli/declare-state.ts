import type { ApiObject } from "../api/meta.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { namespaceOf } from "./selection.ts";
import { kindOf, parseContainer } from "./target.ts";
import { UsageError } from "./usage-error.ts";

/** Sets spec.desiredState of the named containers in their spec files. */
export async function declareState(
  desiredState: "Running" | "Stopped",
  request: { readonly words: readonly string[]; readonly namespace: string | undefined },
  context: Context,
): Promise<number> {
  if (request.words.length === 0) throw new UsageError("name a container");
  const kind = kindOf("ContainerSpec");
  for (const word of request.words) {
    const target = parseContainer(word, () => namespaceOf(request.namespace, context));
    const current = await context.client.get(kind, target);
    if (declared(current) === desiredState) {
      context.print(`container/${target.name} unchanged (desiredState is ${desiredState} already)\n`);
      continue;
    }
    await context.client.patch(kind, target, { spec: { desiredState } });
    context.print(
      `container/${target.name} ${desiredState === "Running" ? "starting" : "stopping"} (desiredState: ${desiredState})\n`,
    );
  }
  return exitCodes.done;
}

function declared(object: ApiObject): string {
  const spec = object.spec as { readonly desiredState?: string } | undefined;
  return spec?.desiredState ?? "Running";
}
