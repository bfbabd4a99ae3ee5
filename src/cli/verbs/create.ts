import { parseSpecText } from "../../api/parse.ts";
import { renderProblems } from "../../api/render-problems.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../util/errors.ts";
import { confirm } from "../confirm.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { containerFlags, containerFromFlags } from "../create/container-flags.ts";
import { askForFlags, requireTerminal } from "../create/guided.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderYaml } from "../print/yaml.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 create` */
export const create = defineCommand({
  usage: ["container NAME --image IMAGE [flags] [-- ARGUMENT...]", "container NAME --guided"],
  description: [
    "Writes the spec file of a new container, as `ds01 apply` does: checked first, refused when it is there already. Flags stand for fields of the spec; `-o yaml` prints it, `--dry-run` changes nothing. Arguments behind `--` go to the image's entrypoint.",
    "With --guided it asks for what the flags leave open, shows the spec, and asks before it is created.",
  ],
  options: {
    namespace: namespaceOption,
    ...containerFlags,
    guided: { summary: "ask for what is left open; needs a terminal" },
    "dry-run": { summary: "check everything, change nothing" },
    output: {
      short: "o",
      value: "FORMAT",
      summary: "yaml: print the spec; with --dry-run no controller is asked",
    },
  },
  examples: [
    [
      "ds01 create container train --image pytorch/pytorch:2.5 --gpus 1 -- python train.py",
      "declare a container",
    ],
    ["ds01 create container train --image busybox --dry-run -o yaml >train.yaml", "a file to go on from"],
  ],
  async run({ options, positionals, rest = [] }, context) {
    const [what, word, ...more] = positionals;
    if (what !== "container" || more.length > 0)
      throw new UsageError("say: ds01 create container NAME --image IMAGE");
    if (options.output !== undefined && options.output !== "yaml") {
      throw new UsageError(`unknown output format "${options.output}"; choose: yaml`);
    }
    if (options.guided) requireTerminal(context);
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const flags = options.guided ? await askForFlags(options, context) : options;
    if (flags.image === undefined) throw new UsageError("say which image: --image IMAGE");
    const yaml = await renderYaml(containerFromFlags(target, flags, rest));
    const { problems } = parseSpecText(yaml, { path: `${target.name}.yaml` });
    if (problems.length > 0) {
      throw new InvalidError({
        reason: "Invalid",
        message: printable(renderProblems(problems, yaml)),
        remedy: "Nothing was changed.",
      });
    }
    if (options.guided) {
      context.tell(`\n${yaml}`);
      if (!(await confirm("Create this?", context))) {
        context.tell("Nothing was changed.");
        return exitCodes.failed;
      }
    }
    return save(
      { target, yaml },
      { dryRun: options["dry-run"], asYaml: options.output !== undefined },
      context,
    );
  },
});

interface Created {
  readonly target: { readonly namespace: string; readonly name: string };
  readonly yaml: string;
}

async function save(
  { target, yaml }: Created,
  { dryRun, asYaml }: { readonly dryRun: boolean; readonly asYaml: boolean },
  context: Context,
): Promise<number> {
  if (!(dryRun && asYaml)) {
    const kind = kindOf("ContainerSpec");
    await refuseExisting(target, context);
    await context.client.apply(kind, target, yaml, { dryRun });
  }
  context.print(asYaml ? yaml : `container/${target.name} created${dryRun ? " (dry run)" : ""}\n`);
  return exitCodes.done;
}

async function refuseExisting(target: Created["target"], { client }: Context): Promise<void> {
  try {
    await client.get(kindOf("ContainerSpec"), target);
  } catch (error) {
    if (error instanceof NotFoundError) return;
    throw error;
  }
  throw new ConflictError({
    reason: "AlreadyExists",
    message: `${target.namespace}/${target.name} is there already`,
    remedy: `Change it: ds01 apply -f FILE; look: ds01 describe container ${target.name}`,
  });
}
