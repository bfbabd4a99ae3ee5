import { apiVersion } from "../../api/names.ts";
import { may } from "../access.ts";
import { sendJson } from "../exchange.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** What was deleted within a day, to those who may declare it again: it holds all that the specs said. */
export function deletedObjectRoutes({ control }: Services): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: `/apis/${apiVersion}/deleted-objects`,
      handle: ({ caller, response }) => {
        const shown = control.deletedObjects().filter(({ kind, namespace }) => {
          const resource = kind === "ContainerSpec" ? "containers" : "quotas";
          return may(caller, "create", resource, namespace === "" ? undefined : namespace);
        });
        sendJson(response, 200, shown);
      },
    },
  ];
}
