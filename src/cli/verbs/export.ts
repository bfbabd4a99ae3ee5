import type { ContainerSpecSpec, ContainerStatus } from "../../api/container.ts";
import type { ExportedContainer } from "../../api/docker-export/exported-container.ts";
import { renderCompose } from "../../api/docker-export/render-compose.ts";
import { renderRun } from "../../api/docker-export/render-run.ts";
import type { ApiObject } from "../../api/meta.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 export` */
export const exportVerb = defineCommand({
  usage: ["run NAME", "compose NAME..."],
  description: [
    "Prints what makes the same container without ds01: `run` a `docker run`, ready for a shell, `compose` a compose file with a service for each. It names the GPUs that the container holds now. Nothing is changed: to have Docker run it instead, delete it in ds01 first.",
    "Comments at the top say what is not in it, such as deadlines, places in the queue, and limits that only the quota sets. Values of variables are printed, for those who may see them.",
  ],
  options: { namespace: namespaceOption },
  examples: [
    ["ds01 export run train > train.sh", "the docker run of a container"],
    ["ds01 export compose train web > compose.yaml", "two containers as a project"],
  ],
  async run({ options, positionals }, context) {
    const [form, ...names] = positionals;
    if (form !== "run" && form !== "compose") throw new UsageError("say as what to export: run, compose");
    if (names.length === 0 || (form === "run" && names.length > 1)) {
      throw new UsageError(`say: ds01 export ${form === "run" ? "run NAME" : "compose NAME..."}`);
    }
    const containers: ExportedContainer[] = [];
    for (const name of names) {
      const target = parseContainer(name, () => namespaceOf(options.namespace, context));
      if (containers.some((other) => other.name === target.name)) {
        throw new UsageError(`"${target.name}" would be two services; export one of them by itself`);
      }
      containers.push(await read(target, context));
    }
    context.print(form === "run" ? containers.map(renderRun).join("") : renderCompose(containers));
    return exitCodes.done;
  },
});

async function read(
  target: { readonly namespace: string; readonly name: string },
  { client }: Context,
): Promise<ExportedContainer> {
  const object = (await client.get(kindOf("ContainerSpec"), target)) as ApiObject<
    ContainerSpecSpec | null,
    ContainerStatus
  >;
  const { spec, status, metadata } = object;
  if (spec === undefined || spec === null) {
    throw new UsageError(
      `${target.namespace}/${target.name} has no valid spec yet; see ds01 describe container ${target.name}`,
    );
  }
  const devices = (status?.gpus ?? []).map(({ uuid }) => uuid);
  return { ...target, labels: metadata.labels ?? {}, spec, devices };
}
