import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventJournal } from "../../src/adapters/log/event-journal.ts";
import { publishedViews } from "../../src/adapters/log/published-views.ts";
import type { EventObject } from "../../src/api/event.ts";
import type { Operation, PublishedViews } from "../../src/ports/operations-log.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const now = Date.parse("2026-01-05T08:00:00.250Z");
const operation: Operation = {
  operation: "create_success",
  user: "alice",
  container: "train._.alice",
  gpuId: "0:1",
  status: "success",
  details: "image=pytorch",
};

function views(
  folder: string,
  mayWrite = () => true,
): { views: PublishedViews; log: ReturnType<typeof silentLog> } {
  const log = silentLog();
  return {
    views: publishedViews({
      stateDir: join(folder, "state"),
      logDir: join(folder, "log"),
      log,
      clock: new ManualClock(now),
      mayWrite,
    }),
    log,
  };
}

const operationsOf = (folder: string): string[] =>
  readFileSync(join(folder, "log/container-operations.log"), "utf8").split("\n").slice(0, -1);

describe("operations log", () => {
  test("has one line of seven fields an operation", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder);
    written.operation(operation);
    written.operation({ ...operation, operation: "stop", details: "" });
    expect(operationsOf(folder)).toEqual([
      "2026-01-05T08:00:00.250Z|create_success|alice|train._.alice|0:1|success|image=pytorch",
      "2026-01-05T08:00:00.250Z|stop|alice|train._.alice|0:1|success|",
    ]);
  });

  test("escapes what would end a field or a line, or steer a terminal", () => {
    const folder = temporaryDirectory();
    views(folder).views.operation({ ...operation, details: "a|b\nc\\d\r\t\u001b[31m\u009b\u2028é" });
    const [line] = operationsOf(folder);
    expect(line?.split("|")).toHaveLength(7);
    expect(line?.split("|").at(-1)).toBe("a\\x7cb\\nc\\\\d\\x0d\\x09\\x1b[31m\\x9b\\u2028é");
  });

  test("goes on in a new file after rotation, and below a new directory", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder);
    written.operation(operation);
    renameSync(join(folder, "log/container-operations.log"), join(folder, "log/container-operations.log.1"));
    written.operation({ ...operation, operation: "stop" });
    expect(operationsOf(folder)).toHaveLength(1);
    expect(operationsOf(folder)[0]).toContain("|stop|");
    rmSync(join(folder, "log"), { recursive: true });
    written.operation({ ...operation, operation: "remove" });
    expect(operationsOf(folder)[0]).toContain("|remove|");
  });

  test("begins a new line after one that a crash has cut", () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, "log"));
    writeFileSync(join(folder, "log/container-operations.log"), "2026-01-05|create_st");
    views(folder).views.operation(operation);
    expect(operationsOf(folder)).toHaveLength(2);
  });

  test("warns once when it cannot be written, and throws nothing", () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, "log"), "");
    const { views: written, log } = views(folder);
    for (let count = 0; count < 5; count++) written.operation(operation);
    expect(log.lines.map(({ level }) => level)).toEqual(["warn"]);
    rmSync(join(folder, "log"));
    written.operation(operation);
    expect(operationsOf(folder)).toHaveLength(1);
  });
});

describe("published views", () => {
  const gpuState = (folder: string): string => join(folder, "state/gpu-state.json");

  test("writes a view for everybody to read, and nothing beside it", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder);
    written.publish("gpu-state.json", "{}\n");
    written.publish("container-metadata/train._.alice.json", "{}\n");
    expect(statSync(gpuState(folder)).mode & 0o777).toBe(0o644);
    expect(readdirSync(join(folder, "state/container-metadata"))).toEqual(["train._.alice.json"]);
    written.withdraw("container-metadata/train._.alice.json");
    written.withdraw("container-metadata/train._.alice.json");
    expect(readdirSync(join(folder, "state/container-metadata"))).toEqual([]);
  });

  test("tells what earlier runs left, so that it can be withdrawn", () => {
    const folder = temporaryDirectory();
    expect(views(folder).views.published("container-metadata")).toEqual([]);
    views(folder).views.publish("container-metadata/old._.bob.json", "{}\n");
    expect(views(folder).views.published("container-metadata")).toEqual(["old._.bob.json"]);
  });

  test("leaves the file alone while the text is the same, also after a restart", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder);
    written.publish("gpu-state.json", "{}\n");
    const { ino } = statSync(gpuState(folder));
    written.publish("gpu-state.json", "{}\n");
    views(folder).views.publish("gpu-state.json", "{}\n");
    expect(statSync(gpuState(folder)).ino).toBe(ino);
    written.publish("gpu-state.json", "[]\n");
    expect(readFileSync(gpuState(folder), "utf8")).toBe("[]\n");
  });

  test("writes again what somebody has changed or deleted", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder);
    written.publish("gpu-state.json", "{}\n");
    writeFileSync(gpuState(folder), "garbage");
    written.publish("gpu-state.json", "{}\n");
    expect(readFileSync(gpuState(folder), "utf8")).toBe("{}\n");
    rmSync(gpuState(folder));
    written.publish("gpu-state.json", "{}\n");
    expect(readFileSync(gpuState(folder), "utf8")).toBe("{}\n");
  });

  test("refuses a path that leads out of the state directory", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder);
    for (const path of ["../x.json", "/etc/x.json", "a/../../x.json", "a\0"]) {
      expect(() => written.publish(path, "x")).toThrow("below the state directory");
      expect(() => written.withdraw(path)).toThrow("below the state directory");
    }
  });

  test("warns when it cannot be written, and writes it when it can", () => {
    const folder = temporaryDirectory();
    mkdirSync(gpuState(folder), { recursive: true });
    const { views: written, log } = views(folder);
    written.publish("gpu-state.json", "{}\n");
    written.publish("gpu-state.json", "{}\n");
    expect(log.lines.map(({ level }) => level)).toEqual(["warn"]);
    expect(readdirSync(join(folder, "state"))).toEqual(["gpu-state.json"]);
    rmSync(gpuState(folder), { recursive: true });
    written.publish("gpu-state.json", "{}\n");
    expect(readFileSync(gpuState(folder), "utf8")).toBe("{}\n");
  });

  test("writes nothing after its right to write is gone", () => {
    const folder = temporaryDirectory();
    const { views: written } = views(folder, () => false);
    written.publish("gpu-state.json", "{}\n");
    written.operation(operation);
    expect(existsSync(join(folder, "state"))).toBe(false);
    expect(existsSync(join(folder, "log"))).toBe(false);
  });
});

describe("event journal", () => {
  const event = (name: string, count = 1): EventObject => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name,
      namespace: "alice",
      uid: name,
      resourceVersion: "1",
      creationTimestamp: "2026-01-05T08:00:00Z",
    },
    type: "Normal",
    reason: "Started",
    message: "line one\nline two",
    involvedObject: {
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      namespace: "alice",
      name: "train",
      uid: "u",
    },
    source: { component: "ds01" },
    count,
    firstTimestamp: "2026-01-05T08:00:00Z",
    lastTimestamp: "2026-01-05T08:00:00Z",
  });

  test("shows a later start the last events, each as it was last, oldest first", async () => {
    const path = join(temporaryDirectory(), "log/events.jsonl");
    const log = silentLog();
    const first = await eventJournal({ path, log });
    expect(first.history()).toEqual([]);
    for (let count = 0; count < 1500; count++) first.append(event(`e${count}`));
    first.append(event("e1490", 2));
    first.close();
    const later = await eventJournal({ path, log, historyLimit: 12 });
    expect(later.history().map(({ metadata, count }) => `${metadata.name} ${count}`)).toEqual([
      ...[1488, 1489, 1491, 1492, 1493, 1494, 1495, 1496, 1497, 1498, 1499].map((name) => `e${name} 1`),
      "e1490 2",
    ]);
    expect((await eventJournal({ path, log })).history()).toHaveLength(1500);
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(1502);
    expect(log.lines).toEqual([]);
  });

  test("passes over lines that are no events", async () => {
    const path = join(temporaryDirectory(), "events.jsonl");
    const whole = JSON.stringify(event("whole"));
    const lines = [
      JSON.stringify(event("first")),
      "",
      "null",
      "7",
      '{"kind":"Event"}',
      whole,
      whole.slice(0, 50),
    ];
    writeFileSync(path, lines.join("\n"));
    const names = async (): Promise<string[]> =>
      (await eventJournal({ path, log: silentLog() })).history().map(({ metadata }) => metadata.name);
    expect(await names()).toEqual(["first", "whole"]);
    (await eventJournal({ path, log: silentLog() })).append(event("next"));
    expect(await names()).toEqual(["first", "whole", "next"]);
  });
});
