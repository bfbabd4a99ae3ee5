import { meantText } from "../docker-import/docker-values.ts";
import { readRestart } from "../docker-import/process.ts";
import { readCpus, readMemory, readPidsLimit } from "../docker-import/resource-limits.ts";
import { readDeviceRequest } from "./service-devices.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

const swarmFields = ["mode", "endpoint_mode", "placement", "update_config", "rollback_config", "labels"];

/** `deploy`: limits and reserved GPUs, and what only Swarm reads. */
export function readDeploy(service: ServiceReading, item: Item): void {
  const known = ["resources", "restart_policy", "replicas", ...swarmFields];
  for (const field of service.fields(item)) {
    if (field.name === "resources") readResources(service, field);
    else if (field.name === "restart_policy") readPolicy(service, field);
    else if (field.name === "replicas") readReplicas(service, field);
    else if (swarmFields.includes(field.name)) service.leaveOut(field, "swarm");
    else service.problem(field.path, `is no field of deploy${meantText(field.name, known)}`, "key");
  }
}

/** `scale` and `deploy.replicas`: of several each is a container of a sweep. */
export function readReplicas(service: ServiceReading, item: Item): void {
  const text = service.text(item);
  if (text === undefined) return;
  const { draft } = service;
  delete draft.spec.replicas;
  if (text === "1") return;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1000) return service.leaveOut({ ...item, value: text }, "replicas");
  draft.spec.replicas = count;
  draft.mark("spec.replicas", service.originOf(item.path));
}

function readResources(service: ServiceReading, item: Item): void {
  const { draft } = service;
  for (const part of service.fields(item)) {
    if (part.name !== "limits" && part.name !== "reservations") {
      service.problem(
        part.path,
        `is neither limits nor reservations${meantText(part.name, ["limits", "reservations"])}`,
      );
      continue;
    }
    for (const field of service.fields(part)) {
      if (field.name === "devices") {
        for (const request of service.items(field)) readDeviceRequest(service, request);
      } else if (part.name === "reservations") service.leaveOut(field, "softLimit");
      else {
        const text = service.text(field) ?? "";
        const origin = service.originOf(field.path);
        if (field.name === "cpus") readCpus(draft, text, origin);
        else if (field.name === "memory") readMemory(draft, text, origin);
        else if (field.name === "pids") readPidsLimit(draft, text, origin);
        else service.problem(field.path, `is no limit${meantText(field.name, ["cpus", "memory", "pids"])}`);
      }
    }
  }
}

const conditions: Readonly<Record<string, string>> = {
  none: "no",
  "on-failure": "on-failure",
  any: "always",
};

function readPolicy(service: ServiceReading, item: Item): void {
  const { draft } = service;
  const condition = service.field(item, "condition");
  const text = service.text(condition) ?? "any";
  const policy = Object.hasOwn(conditions, text) ? conditions[text] : undefined;
  if (policy === undefined) {
    service.problem(condition.path, `"${text}" is no condition${meantText(text, Object.keys(conditions))}`);
  } else readRestart(draft, policy, service.originOf(item.path));
  for (const field of service.fields(item)) {
    if (field.name === "condition") continue;
    if (field.name === "max_attempts" && policy === "on-failure") readAttempts(service, field);
    else service.leaveOut(field, "retries");
  }
}

/** Of failures alone, as with `docker run --restart on-failure:N`, where 0 is without end. */
function readAttempts(service: ServiceReading, item: Item): void {
  const text = service.text(item);
  if (text === undefined || text === "0") return;
  if (!/^\d{1,4}$/.test(text)) return service.problem(item.path, `"${text}" is no number of tries`);
  service.draft.spec.backoffLimit = Number(text);
  service.draft.mark("spec.backoffLimit", service.originOf(item.path));
}
