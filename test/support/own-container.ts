import { labels } from "../../src/api/names.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import { desiredContainer } from "./desired-container.ts";

/** A container with the labels of an object of the instance `test`, made by nobody knows whom. */
export function ownContainer(
  name: string,
  object: { readonly namespace: string; readonly name: string; readonly uid: string },
): DesiredContainer {
  return desiredContainer(name, {
    labels: {
      [labels.managed]: "true",
      [labels.instance]: "test",
      [labels.uid]: object.uid,
      [labels.user]: object.namespace,
      [labels.name]: object.name,
    },
  });
}
