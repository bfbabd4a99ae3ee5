import type { EventObject } from "../api/event.ts";
import type { ApiObject } from "../api/meta.ts";
import { podType, type ResourceType } from "./resource-type.ts";

/** What is shown in the place of an object. */
export type Shape = (object: ApiObject) => ApiObject;

/**
 * A Pod is the view of a container, and has its events: who asks for the events of Pods (`kubectl describe pod`) is shown
 * those of containers as theirs. Whoever asks for all sees each once, as what it is.
 */
export function eventShapeOf(type: ResourceType, query: URLSearchParams): Shape {
  const isOfPods =
    type.kind === "Event" &&
    /(?:^|,)\s*involvedObject\.kind==?Pod\s*(?:,|$)/.test(query.get("fieldSelector") ?? "");
  return isOfPods ? asPodEvent : asItIs;
}

function asItIs(object: ApiObject): ApiObject {
  return object;
}

/** One for each, as what is written out is kept by the object that it is of. */
const podEvents = new WeakMap<ApiObject, ApiObject>();

function asPodEvent(object: ApiObject): ApiObject {
  const known = podEvents.get(object);
  if (known !== undefined) return known;
  const { involvedObject } = object as ApiObject & Pick<EventObject, "involvedObject">;
  if (involvedObject.kind !== "ContainerSpec") return object;
  const { apiVersion, kind } = podType;
  const shown: ApiObject & Pick<EventObject, "involvedObject"> = {
    ...object,
    involvedObject: { ...involvedObject, apiVersion, kind },
  };
  podEvents.set(object, shown);
  return shown;
}
