import { request } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { accessRule, containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const group = "/apis/ds01.io/v1alpha1";
const alice = `${group}/namespaces/alice/containers`;

interface Line {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly code?: number;
    readonly message?: string;
    readonly metadata: {
      readonly name?: string;
      readonly namespace?: string;
      readonly resourceVersion?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly columnDefinitions?: readonly unknown[];
    readonly rows?: readonly { readonly cells: readonly unknown[] }[];
  };
}

interface Watching {
  readonly lines: readonly Line[];
  /** `TYPE name` of what has come so far. */
  seen(): readonly string[];
  ended(): boolean;
}

async function watch(bed: ApiBed, path: string, accept = "application/json"): Promise<Watching> {
  const lines: Line[] = [];
  let ended = false;
  await new Promise<void>((resolve, reject) => {
    const sent = request(
      { socketPath: bed.socketPath, path, headers: { accept }, agent: false },
      (response) => {
        let rest = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          const parts = (rest + chunk).split("\n");
          rest = parts.pop() ?? "";
          for (const part of parts) lines.push(JSON.parse(part) as Line);
        });
        response.once("close", () => (ended = true));
        response.on("error", () => undefined);
        resolve();
      },
    );
    sent.once("error", reject);
    sent.end();
    onTestFinished(() => void sent.destroy());
  });
  return {
    lines,
    seen: () => lines.map(({ type, object }) => `${type} ${object.metadata.name ?? ""}`.trim()),
    ended: () => ended,
  };
}

async function until(watching: Watching, count: number): Promise<void> {
  await waitFor(`${count} lines`, () => watching.lines.length >= count);
}

async function bedWith(...names: readonly string[]): Promise<ApiBed> {
  const bed = await startApiBed({ historyLength: 4, bookmarkIntervalMs: 60_000 });
  for (const name of names) await bed.control.drop(`users/alice/${name}.yaml`, containerText(name));
  return bed;
}

describe("watch", () => {
  it("replays what came after a version and goes on with what comes", async () => {
    const bed = await bedWith("a");
    const list = (await bed.json(alice)) as { metadata: { resourceVersion: string } };
    bed.control.setPhase("alice", "a", "Running");
    await bed.control.drop("users/alice/b.yaml", containerText("b"));
    const watching = await watch(bed, `${alice}?watch=true&resourceVersion=${list.metadata.resourceVersion}`);
    await until(watching, 2);
    await bed.control.remove("users/alice/a.yaml");
    await bed.control.resync();
    await until(watching, 3);
    expect(watching.seen()).toEqual(["MODIFIED a", "ADDED b", "DELETED a"]);
    const versions = watching.lines.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((one, other) => one - other));
  });

  it("begins with everything that is there when no version is given", async () => {
    const bed = await bedWith("a", "b");
    const watching = await watch(bed, `${alice}?watch=1&resourceVersion=0`);
    await until(watching, 2);
    bed.control.setPhase("alice", "b", "Running");
    await until(watching, 3);
    expect(watching.seen()).toEqual(["ADDED a", "ADDED b", "MODIFIED b"]);
  });

  it("answers 410 in the stream to a version that is too old, or from the future", async () => {
    const bed = await bedWith("a");
    for (let round = 0; round < 8; round += 1) {
      bed.control.setPhase("alice", "a", round % 2 === 0 ? "Running" : "Stopped");
    }
    for (const version of ["1", "99999"]) {
      const watching = await watch(bed, `${alice}?watch=1&resourceVersion=${version}`);
      await waitFor("the end", () => watching.ended());
      expect(watching.lines).toMatchObject([
        {
          type: "ERROR",
          object: {
            kind: "Status",
            code: 410,
            reason: "Expired",
            message: expect.stringContaining(`too old resource version: ${version} (`),
          },
        },
      ]);
    }
    expect(await bed.call("GET", `${alice}?watch=1&resourceVersion=x`)).toMatchObject({ code: 400 });
  });

  it("marks the end of the initial events for WatchList", async () => {
    const bed = await bedWith("a", "b");
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const watching = await watch(bed, `${alice}?${query}`);
    await until(watching, 3);
    expect(watching.seen()).toEqual(["ADDED a", "ADDED b", "BOOKMARK"]);
    expect(watching.lines[2]?.object).toMatchObject({
      kind: "ContainerSpec",
      apiVersion: "ds01.io/v1alpha1",
      metadata: {
        resourceVersion: String(bed.control.store.resourceVersion()),
        annotations: { "k8s.io/initial-events-end": "true" },
      },
    });
  });

  it("sends bookmarks to quiet watches that allow them, and none to others", async () => {
    const bed = await bedWith("a");
    const from = bed.control.store.resourceVersion();
    const quiet = await watch(bed, `${alice}?watch=1&resourceVersion=${from}&allowWatchBookmarks=true`);
    const plain = await watch(bed, `${alice}?watch=1&resourceVersion=${from}`);
    await waitFor("the bookmark to be planned", () => bed.clock.nextAlarm());
    bed.control.store.nextResourceVersion();
    bed.clock.advance(60_000);
    await until(quiet, 1);
    expect(quiet.lines[0]).toMatchObject({
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: String(from + 1) } },
    });
    bed.control.setPhase("alice", "a", "Running");
    await until(plain, 1);
    await until(quiet, 2);
    expect(plain.seen()).toEqual(["MODIFIED a"]);
    expect(quiet.seen()).toEqual(["BOOKMARK", "MODIFIED a"]);
  });

  it("sends DELETED for an object that leaves the selection and ADDED for one that enters it", async () => {
    const bed = await bedWith("a");
    const query = `watch=1&resourceVersion=${bed.control.store.resourceVersion()}&labelSelector=team`;
    const watching = await watch(bed, `${alice}?${query}`);
    const labelled = containerText("a").replace("name: a", "name: a\n  labels: {team: x}");
    await bed.control.drop("users/alice/a.yaml", labelled);
    await bed.control.drop("users/alice/a.yaml", labelled.replace("team: x", "team: y"));
    await bed.control.drop("users/alice/a.yaml", containerText("a"));
    await until(watching, 3);
    expect(watching.seen()).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
  });

  it("sends one-row tables with columns in the first only", async () => {
    const bed = await bedWith("a", "b");
    const watching = await watch(bed, `${alice}?watch=1`, "application/json;as=Table;v=v1;g=meta.k8s.io");
    await until(watching, 2);
    expect(watching.lines.map(({ object }) => object.rows?.map(({ cells }) => cells[0]))).toEqual([
      ["a"],
      ["b"],
    ]);
    expect(watching.lines[0]?.object.columnDefinitions).not.toEqual([]);
    expect(watching.lines[1]?.object.columnDefinitions).toEqual([]);
  });

  it("follows namespaces: who has containers, and who asks", async () => {
    const bed = await startApiBed({ access: { ...accessRule, visibility: "all" } });
    await bed.control.drop("users/alice/a.yaml", containerText("a"));
    bed.actAs("bob");
    const watching = await watch(bed, "/api/v1/namespaces?watch=1");
    await until(watching, 2);
    await bed.control.drop("users/carol/b.yaml", containerText("b"));
    await until(watching, 3);
    bed.control.files.delete("users/alice/a.yaml");
    await bed.control.resync();
    await until(watching, 4);
    expect(watching.seen()).toEqual(["ADDED alice", "ADDED bob", "ADDED carol", "DELETED alice"]);
    const { items } = (await bed.json("/api/v1/namespaces")) as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["bob", "carol"]);
    const missing = await bed.call("GET", "/api/v1/namespaces/alice");
    expect(missing.code).toBe(404);
  });

  it("ends after timeoutSeconds", async () => {
    const bed = await bedWith("a");
    const watching = await watch(bed, `${alice}?watch=1&timeoutSeconds=30`);
    await until(watching, 1);
    expect(watching.ended()).toBe(false);
    bed.clock.advance(30_000);
    await waitFor("the end", () => watching.ended());
    expect(watching.seen()).toEqual(["ADDED a"]);
  });

  it("shows others neither objects nor events, in one namespace as in all", async () => {
    const bed = await bedWith();
    bed.actAs("bob");
    const watched = [`${group}/containers`, "/api/v1/pods", "/api/v1/events"];
    const watches = await Promise.all(watched.map(async (path) => watch(bed, `${path}?watch=1`)));
    await bed.control.drop("users/alice/a.yaml", containerText("a"));
    bed.control.setPhase("alice", "a", "Running");
    bed.control.emit("alice", "a", "Created");
    await bed.control.drop("users/bob/b.yaml", containerText("b"));
    bed.control.setPhase("bob", "b", "Running");
    bed.control.emit("bob", "b", "Created");
    for (const each of watches) {
      await until(each, 1);
      expect(each.lines.map(({ object }) => object.metadata?.namespace)).not.toContain("alice");
      expect(JSON.stringify(each.lines)).not.toContain("alice");
    }
    for (const path of watched) {
      const [base, kind] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
      expect(await bed.call("GET", `${base}/namespaces/alice/${kind}?watch=1`)).toMatchObject({ code: 403 });
    }
  });

  it("shows others neither events nor env values where it shows them objects", async () => {
    const bed = await startApiBed({ access: { ...accessRule, visibility: "all" } });
    bed.actAs("bob");
    const objects = await watch(bed, `${group}/containers?watch=1`);
    const events = await watch(bed, "/api/v1/events?watch=1");
    const env = "  image: busybox\n  env: [{name: TOKEN, value: s3cret}]";
    await bed.control.drop("users/alice/a.yaml", containerText("a", env));
    bed.control.emit("alice", "a", "Created");
    bed.control.emit("bob", "x", "Created");
    await until(objects, 1);
    await until(events, 1);
    expect(JSON.stringify(objects.lines)).not.toContain("s3cret");
    expect(events.lines).toMatchObject([{ object: { involvedObject: { name: "x" } } }]);
  });

  it("buffers nothing for a client that does not read, and tells it so when it reads again", async () => {
    const bed = await startApiBed({ historyLength: 50 });
    const pad = "x".repeat(20_000);
    await bed.control.drop("users/alice/a.yaml", containerText("a", `  image: busybox\n  args: ["${pad}"]`));
    const socket: Socket = connect(bed.socketPath);
    onTestFinished(() => void socket.destroy());
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => (text += chunk));
    socket.write(`GET ${alice}?watch=1 HTTP/1.1\r\nhost: ds01\r\n\r\n`);
    await waitFor("the first event", () => text.includes("ADDED"));
    socket.pause();
    const before = text.length;
    // 40 MB of changes, at a pace that a watcher keeps up with, for somebody who does not take one of them.
    for (let round = 0; round < 2000; round += 1) {
      bed.control.setPhase("alice", "a", round % 2 === 0 ? "Running" : "Stopped");
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    await waitFor("the error", () => text.includes('"code":410'));
    // Only what the socket and one write hold had been kept for it.
    expect(text.length - before).toBeLessThan(4 * 1024 * 1024);
  });
});
