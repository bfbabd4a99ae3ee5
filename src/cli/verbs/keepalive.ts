import { parseDuration } from "../../util/duration.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** How long, unless told otherwise. */
const usual = "2h";

/** `ds01 keepalive` */
export const keepalive = defineCommand({
  usage: ["NAME... [--for DURATION]"],
  description: [
    "Leaves containers alone for a while, however idle they are: they are not stopped for their `idleTimeout`, and when the while is over the whole timeout counts from there. It holds over restarts of the controller; an admin sets how long it can be. `ds01 describe` shows it. `--for 0s` takes it back.",
  ],
  options: {
    namespace: namespaceOption,
    for: { value: "DURATION", summary: `how long, such as 30m or 8h (${usual} unless told)` },
  },
  examples: [
    ["ds01 keepalive notebook", "it stays for two hours at least"],
    ["ds01 keepalive notebook --for 8h", "over the night"],
    ["ds01 keepalive notebook --for 0s", "no longer"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length === 0) throw new UsageError("name a container");
    const duration = options.for ?? usual;
    if (parseDuration(duration) === undefined) {
      throw new UsageError(`--for needs a duration with a unit, such as 30m or 8h; found "${duration}"`);
    }
    for (const word of positionals) {
      const target = parseContainer(word, () => namespaceOf(options.namespace, context));
      const { until } = await context.client.keepAlive(target, duration);
      context.print(
        `container/${target.name} ${until === null ? "no longer kept" : `kept until ${until}`}\n`,
      );
    }
    return exitCodes.done;
  },
});
