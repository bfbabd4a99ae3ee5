import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseOutputFormat } from "../output-format.ts";
import type { ReservationObject } from "../../api/reservation-columns.ts";
import type { Context } from "../context.ts";
import { alignRows } from "../print/columns.ts";
import { renderObjects } from "../print/objects.ts";
import { type ContainerObject, queueCells, queueColumns, queued } from "../print/queue.ts";
import { reservationRows, reservationTitles } from "../print/reservation.ts";
import { kindOf } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 queue` */
export const queue = defineCommand({
  usage: [""],
  description: [
    "Everybody who waits for GPUs, in the order in which they are served: priority first, then who waits longest, where who has used little lately moves up by as much as a day. Work that fits may start earlier where it delays nobody before it. Below it stands which GPUs are reserved, for whom and when.",
  ],
  options: {
    output: { short: "o", value: "FORMAT", summary: "table, json, yaml, name or jsonpath=TEMPLATE" },
    "no-headers": { summary: "no column titles" },
  },
  examples: [["ds01 queue", "the whole queue"]],
  async run({ options, positionals }, context) {
    if (positionals.length > 0)
      throw new UsageError(`queue takes no name; found "${positionals.join(" ")}". Use: ds01 why NAME`);
    const format = parseOutputFormat(options.output);
    const list = await context.client.queue();
    const waiting = queued(list.items as readonly ContainerObject[]);
    if (format.type !== "table") {
      context.print(await renderObjects(waiting, format, false));
      return exitCodes.done;
    }
    const rows = waiting.map((object) => queueCells(object, Date.now()));
    if (rows.length === 0) context.tell("Nobody waits for a GPU.");
    else context.print(alignRows(options["no-headers"] ? rows : [queueColumns, ...rows], context.paint));
    // Without titles it is for programs, which expect one table.
    if (!options["no-headers"]) await printReservations(context);
    return exitCodes.done;
  },
});

async function printReservations(context: Context): Promise<void> {
  const list = await context.client.list(kindOf("ReservationSpec"), {});
  const rows = reservationRows(list.items as readonly ReservationObject[], Date.now());
  if (rows.length > 0) context.print(`\n${alignRows([reservationTitles, ...rows], context.paint)}`);
}
