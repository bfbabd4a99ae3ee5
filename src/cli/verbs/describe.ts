import type { EventObject } from "../../api/event.ts";
import type { ApiObject } from "../../api/meta.ts";
import type { GpuSpec, GpuStatus } from "../../api/gpu.ts";
import type { ImageObject } from "../../api/image-columns.ts";
import type { KindName } from "../../api/names.ts";
import type { QuotaSpecSpec, QuotaStatus } from "../../api/quota.ts";
import type { ReservationObject } from "../../api/reservation-columns.ts";
import type { SourceObject } from "../../api/source-columns.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderContainerDescription } from "../print/description.ts";
import { eventsIn, renderEventObject, sortEvents } from "../print/event.ts";
import { renderGpu } from "../print/gpu.ts";
import { renderImage } from "../print/image.ts";
import { renderQuota } from "../print/quota.ts";
import { renderSource } from "../print/source.ts";
import { renderReservation } from "../print/reservation.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseTargets } from "../target.ts";

/** `ds01 describe` */
export const describe = defineCommand({
  usage: ["KIND NAME...", "KIND/NAME..."],
  description: [
    "Tells in the order a person asks: what it is, why, what would help, where it is declared, its GPUs and quota, the limits in effect and who set each, conditions, what happens next and when, recent events.",
  ],
  options: { namespace: namespaceOption },
  examples: [
    ["ds01 describe container train", "why it runs, waits or failed"],
    ["ds01 describe gpu 0", "who holds it and until when"],
    ["ds01 describe quota students", "what it grants and who uses how much"],
    ["ds01 describe image 0f3a9c1d2e4b", "what made it, who uses it, and whether it may go"],
    ["ds01 describe source lab", "which revision is in effect, and why not a newer one"],
    ["ds01 describe reservation course", "what is kept, when, and who is in its way"],
  ],
  async run({ options, positionals }, context) {
    const texts: string[] = [];
    for (const { kind, names } of parseTargets(positionals)) {
      const namespace = kind.namespaced ? namespaceOf(options.namespace, context) : undefined;
      const scope = namespace === undefined ? {} : { namespace };
      const chosen = names.length > 0 ? names : await allNames(kind, scope, context);
      for (const name of chosen) texts.push(await describeOne(kind, { ...scope, name }, context));
    }
    if (texts.length === 0) context.tell("No resources found.");
    context.print(texts.join("\n"));
    return exitCodes.done;
  },
});

interface Target {
  readonly namespace?: string;
  readonly name: string;
}

async function allNames(kind: KindName, scope: { namespace?: string }, context: Context): Promise<string[]> {
  return (await context.client.list(kind, scope)).items.map((object) => object.metadata.name);
}

async function describeOne(kind: KindName, target: Target, context: Context): Promise<string> {
  const style = { nowMs: Date.now(), paint: context.paint };
  if (kind.kind === "ContainerSpec")
    return renderContainerDescription(await context.client.describe(target), style);
  if (kind.kind === "Gpu") return describeGpu(kind, target.name, context);
  const object = await context.client.get(kind, target);
  // Events of an event make no sense; everything else has some.
  if (kind.kind === "Event") return eventsIn([object]).map(renderEventObject).join("");
  const events = await eventsOf(kind, target, context);
  if (kind.kind === "Source") return renderSource(object as SourceObject, events, style);
  if (kind.kind === "ReservationSpec") return renderReservation(object as ReservationObject, events, style);
  if (kind.kind === "Image") return renderImage(object as ImageObject, events, style);
  return renderQuota(object as ApiObject<QuotaSpecSpec, QuotaStatus>, events, style);
}

/** Also by UUID; the object is read after the device was looked at. */
async function describeGpu(kind: KindName, reference: string, context: Context): Promise<string> {
  const details = await context.client.gpuDetails(reference);
  const target = { name: details.slot };
  const [object, events] = await Promise.all([
    context.client.get(kind, target),
    eventsOf(kind, target, context),
  ]);
  const style = { nowMs: Date.now(), paint: context.paint };
  return renderGpu(object as ApiObject<GpuSpec, GpuStatus>, { events, details }, style);
}

async function eventsOf(kind: KindName, { name }: Target, context: Context): Promise<readonly EventObject[]> {
  const fieldSelector = `involvedObject.kind=${kind.kind},involvedObject.name=${name}`;
  const list = await context.client.list(kindOf("Event"), { fieldSelector });
  return sortEvents(eventsIn(list.items));
}
