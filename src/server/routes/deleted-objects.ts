import type { DeletedObject } from "../../api/deleted-object.ts";
import { apiVersion } from "../../api/names.ts";
import { may, type AccessResource } from "../access.ts";
import { sendJson } from "../exchange.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

const resources = {
  ContainerSpec: "containers",
  QuotaSpec: "quotas",
  ReservationSpec: "reservations",
} as const satisfies Record<DeletedObject["kind"], AccessResource>;

/** What was deleted within a day, to those who may declare it again: it holds all that the specs said. */
export function deletedObjectRoutes({ control }: Services): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: `/apis/${apiVersion}/deleted-objects`,
      handle: ({ caller, response }) => {
        const shown = control.deletedObjects().filter(({ kind, namespace }) => {
          return may(caller, "create", resources[kind], namespace === "" ? undefined : namespace);
        });
        sendJson(response, 200, shown);
      },
    },
  ];
}
