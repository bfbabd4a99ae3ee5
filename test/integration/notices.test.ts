import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandChannel } from "../../src/adapters/notify/command.ts";
import { webhookChannel } from "../../src/adapters/notify/webhook.ts";
import { terminalsChannel } from "../../src/adapters/notify/terminals.ts";
import { NoticeDesk } from "../../src/controller/notice-desk.ts";
import type { EventObject } from "../../src/api/event.ts";
import type { Notice } from "../../src/core/notice.ts";
import type { NoticeChannel } from "../../src/ports/notice-channel.ts";
import { waitFor } from "../bed/wait-for.ts";
import { silentLog } from "../support/silent-log.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const notice: Notice = {
  time: "2026-11-23T12:10:00Z",
  type: "Warning",
  reason: "IdleSoon",
  user: "alice",
  name: "train",
  message: "idle for 20m; $(rm -rf /) `id`",
};
const nobody = { pid: null, containerId: null, uid: null };

describe("people are told by a command", () => {
  it("with the notice on its standard input, no shell between, and nothing of the controller's own", async () => {
    const file = join(temporaryDirectory(), "told");
    process.env["DS01_SECRET_OF_TEST"] = "secret";
    onTestFinished(() => void delete process.env["DS01_SECRET_OF_TEST"]);
    const channel = commandChannel(["sh", "-c", 'cat >"$1"; env >>"$1"', "tell", file]);
    await channel.send(notice, nobody);
    const [line = "", ...variables] = readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(line)).toEqual(notice);
    expect(variables.join("\n")).not.toContain("secret");
  });

  it("that fails, is not there, or reads nothing", async () => {
    const failing = commandChannel(["sh", "-c", "echo no mail today >&2; exit 3"]);
    await expect(failing.send(notice, nobody)).rejects.toThrow("sh ended with 3: no mail today");
    await expect(commandChannel(["/nonexistent"]).send(notice, nobody)).rejects.toThrow("ENOENT");
    const large = { ...notice, message: "x".repeat(1_000_000) };
    await commandChannel(["true"]).send(large, nobody);
  });
});

describe("people are told by a web hook", () => {
  it("with the notice as JSON, and a failure is one", async () => {
    const got: unknown[] = [];
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        got.push(JSON.parse(text));
        if (request.url === "/elsewhere") response.writeHead(302, { location: "/" }).end();
        else response.writeHead(request.url === "/broken" ? 500 : 204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await webhookChannel(`${base}/`).send(notice, nobody);
    expect(got).toEqual([notice]);
    await expect(webhookChannel(`${base}/broken`).send(notice, nobody)).rejects.toThrow("it answered 500");
    await expect(webhookChannel(`${base}/elsewhere`).send(notice, nobody)).rejects.toThrow();
    expect(got).toHaveLength(3);
  });
});

describe("people are told on terminals", () => {
  it("and nothing but a terminal is ever written to", async () => {
    // A folder of the test: files that are called like terminals.
    const folder = temporaryDirectory();
    const { writeFileSync, symlinkSync } = await import("node:fs");
    writeFileSync(join(folder, "0"), "mine");
    symlinkSync(join(folder, "0"), join(folder, "1"));
    const channel = terminalsChannel({ hostTerminals: folder });
    await channel.send(notice, { ...nobody, uid: process.getuid?.() ?? 0 }).catch(() => undefined);
    expect(readFileSync(join(folder, "0"), "utf8")).toBe("mine");
    await terminalsChannel({ hostTerminals: join(folder, "none") }).send(notice, { ...nobody, uid: 1 });
  });
});

describe("a way that does not work", () => {
  it("is told of once until it works again, and holds up no other", async () => {
    const log = silentLog();
    const got: string[] = [];
    let works = false;
    const broken: NoticeChannel = {
      name: "broken",
      send: async ({ message }) => {
        if (!works) throw new Error("no way");
        got.push(`late ${message}`);
      },
    };
    const good: NoticeChannel = { name: "good", send: async ({ message }) => void got.push(message) };
    const desk = new NoticeDesk({
      channels: [broken, good],
      reasons: ["IdleSoon"],
      targetOf: async () => nobody,
      log,
    });
    const warnings = (): number =>
      log.lines.filter(({ fields }) => fields["reason"] === "NoticeNotDelivered").length;
    desk.note(eventSaying("1"));
    desk.note(eventSaying("2"));
    await waitFor("both", () => got.length === 2);
    await waitFor("the warning", () => warnings() === 1);
    works = true;
    desk.note(eventSaying("3"));
    await waitFor("the third", () => got.length === 4);
    works = false;
    desk.note(eventSaying("4"));
    await waitFor("another warning", () => warnings() === 2);
    expect(got.toSorted()).toEqual(["1", "2", "3", "4", "late 3"]);
  });
});

function eventSaying(message: string): EventObject {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "alice", uid: "1", resourceVersion: "1", creationTimestamp: "" },
    type: "Warning",
    reason: "IdleSoon",
    message,
    involvedObject: { apiVersion: "", kind: "ContainerSpec", namespace: "alice", name: "train", uid: "u" },
    source: { component: "ds01" },
    count: 1,
    firstTimestamp: "",
    lastTimestamp: "",
  };
}
