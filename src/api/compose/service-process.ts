import { parseDuration } from "../../util/duration.ts";
import { shellWords } from "../../util/shell-words.ts";
import type { Origin } from "../docker-import/container-draft.ts";
import {
  readHealthLine,
  readHealthRetries,
  readHealthTest,
  readHealthTime,
  readNoHealthCheck,
} from "../docker-import/health.ts";
import { readPull, readRestart, setGrace } from "../docker-import/process.ts";
import { readUlimit } from "../docker-import/resource-limits.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

/** `entrypoint` and `command`: a list, or a line that is split into words as a shell would. */
export function readWords(service: ServiceReading, item: Item, field: "command" | "args"): void {
  const { draft } = service;
  if (item.value === null) return;
  draft.mark(`spec.${field}`, service.originOf(item.path));
  if (Array.isArray(item.value)) {
    draft.spec[field] = service.texts(item).map(({ text }) => text);
    return;
  }
  const words = shellWords(service.text(item) ?? "");
  if (words === undefined) service.problem(item.path, "a quote is opened and never closed");
  else draft.spec[field] = [...words];
}

/** `restart`, where YAML may have read `no` as something else. */
export function readRestartPolicy(service: ServiceReading, item: Item): void {
  const text = item.value === false ? "no" : service.text(item);
  if (text !== undefined) readRestart(service.draft, text, service.originOf(item.path));
}

/** `pull_policy` */
export function readPullPolicy(service: ServiceReading, item: Item): void {
  const text = service.text(item);
  if (text === undefined) return;
  if (/^(?:daily|weekly|every_\w+)$/.test(text)) return service.leaveOut(item, "pullOften");
  if (text === "build") return service.leaveOut(item, "builtHere");
  readPull(service.draft, text, service.originOf(item.path));
}

/** `stop_grace_period` */
export function readGracePeriod(service: ServiceReading, item: Item): void {
  const text = service.text(item);
  if (text === undefined) return;
  const graceMs = parseDuration(text);
  if (graceMs === undefined) service.problem(item.path, `"${text}" is no duration, such as 30s or 1m30s`);
  else setGrace(service.draft, graceMs, service.originOf(item.path));
}

/** `healthcheck`, whose test is a line for a shell or a list. */
export function readHealthCheck(service: ServiceReading, item: Item): void {
  const { draft } = service;
  for (const part of service.fields(item)) {
    const origin = service.originOf(part.path);
    if (part.name === "test" && Array.isArray(part.value)) {
      readHealthTest(
        draft,
        service.texts(part).map(({ text }) => text),
        origin,
      );
    } else if (part.name === "disable") {
      if (service.flag(part)) readNoHealthCheck(draft, origin);
    } else if (part.name === "start_interval") service.leaveOut(part, "healthCheck");
    else readHealthText(service, part, origin);
  }
}

function readHealthText(
  service: ServiceReading,
  part: Item & { readonly name: string },
  origin: Origin,
): void {
  const text = service.text(part);
  if (text === undefined) return;
  const { draft } = service;
  if (part.name === "test") readHealthLine(draft, text, origin);
  else if (part.name === "interval" || part.name === "timeout")
    readHealthTime(draft, part.name, text, origin);
  else if (part.name === "start_period") readHealthTime(draft, "startPeriod", text, origin);
  else if (part.name === "retries") readHealthRetries(draft, text, origin);
  else service.problem(part.path, `"${part.name}" is no field of a health check`, "key");
}

/** `ulimits`: by name one number, or soft and hard. */
export function readUlimits(service: ServiceReading, item: Item): void {
  for (const limit of service.fields(item)) {
    const isMap = typeof limit.value === "object" && limit.value !== null;
    const soft = service.text(isMap ? service.field(limit, "soft") : limit) ?? "";
    const hard = isMap ? (service.text(service.field(limit, "hard")) ?? "") : soft;
    readUlimit(service.draft, `${limit.name}=${soft}:${hard}`, service.originOf(limit.path));
  }
}
