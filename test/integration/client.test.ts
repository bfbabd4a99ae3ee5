import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.ts";
import { statusOf } from "../../src/client/status.ts";
import { kindByWord } from "../../src/api/names.ts";
import type { KindName } from "../../src/api/names.ts";
import { DeniedError, InvalidError, NotFoundError, UnreachableError } from "../../src/util/errors.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const train = { namespace: "alice", name: "train" };

function kind(word: string): KindName {
  const found = kindByWord(word);
  if (found === undefined) throw new Error(`no kind ${word}`);
  return found;
}

describe("the client", () => {
  it("applies, reads, patches, watches and deletes", async () => {
    const bed = await startApiBed();
    const client = createClient(bed.socketPath);
    const text = `# mine\n${containerText("train")}`;
    expect(await client.apply(kind("ctr"), train, text)).toMatchObject({ metadata: { name: "train" } });
    expect(bed.control.files.get("users/alice/train.yaml")).toBe(text);
    expect(await client.get(kind("container"), train)).toMatchObject({ spec: { image: "busybox" } });
    expect((await client.table(kind("containers"), {})).rows).toHaveLength(1);
    expect((await client.table(kind("containers"), train)).rows).toHaveLength(1);
    expect((await client.list(kind("containers"), { namespace: "bob" })).items).toEqual([]);
    expect((await client.list(kind("containers"), train)).items).toHaveLength(1);
    expect(await client.describe(train)).toMatchObject({ phase: "Pending" });
    expect(await client.preview(train, text)).toMatchObject({ exists: true, refusal: null });
    expect(await client.health()).toEqual(bed.control.checks);
    expect(await client.version()).toMatchObject({ ds01Version: "0.1.0" });

    const { resourceVersion = "" } = (await client.list(kind("ctr"), {})).metadata;
    const stop = new AbortController();
    const events = client.watch(kind("ctr"), { ...train, resourceVersion, signal: stop.signal });
    const first = events.next();
    await client.patch(kind("ctr"), train, { spec: { desiredState: "Stopped" } });
    expect((await first).value).toMatchObject({
      type: "MODIFIED",
      object: { spec: { desiredState: "Stopped" } },
    });
    await client.delete(kind("ctr"), train);
    expect((await events.next()).value).toMatchObject({ type: "DELETED" });
    const last = events.next();
    stop.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it("turns each Status into the error of its reason, with its causes", async () => {
    const bed = await startApiBed();
    const client = createClient(bed.socketPath);
    await expect(client.get(kind("quota"), { name: "x" })).rejects.toBeInstanceOf(NotFoundError);
    const wrong = client.apply(kind("ctr"), train, containerText("train", "  image: busybox\n  gpu: 1"));
    const error: unknown = await wrong.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidError);
    expect(statusOf(error)?.details?.causes?.[0]).toMatchObject({ field: "spec.gpu" });
    const big = containerText("train", "  image: busybox\n  gpus: {count: 4}");
    const refused: unknown = await client.apply(kind("ctr"), train, big).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(DeniedError);
    expect(refused).toMatchObject({
      message: 'alice/train refused: asks for 4 GPUs; quota "students" allows 2 (quotas/students.yaml:7).',
    });
    const old = client.watch(kind("ctr"), { resourceVersion: "999" });
    await expect(old.next()).rejects.toMatchObject({ reason: "Expired" });
    await expect(client.confirmPrune("x")).rejects.toBeInstanceOf(NotFoundError);
  });

  it("says where it has looked for the controller when nobody answers", async () => {
    const path = join(temporaryDirectory(), "ds01.sock");
    const client = createClient(path);
    const error: unknown = await client.list(kind("ctr"), {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({
      reason: "ControllerUnreachable",
      message: `The controller is not running (no answer at ${path}).`,
    });
    await expect(client.exec(train, { command: ["true"] })).rejects.toBeInstanceOf(UnreachableError);
    await expect(client.watch(kind("ctr"), {}).next()).rejects.toBeInstanceOf(UnreachableError);
  });

  it("takes an answer that breaks off, or is no JSON, for no answer", async () => {
    const path = join(temporaryDirectory(), "other.sock");
    const other = createServer((request, response) => {
      if (request.url === "/version") response.end("<html>");
      else {
        response.writeHead(200, { "content-length": 1000 });
        response.write("{", () => response.destroy());
      }
    });
    await new Promise<void>((resolve) => other.listen(path, resolve));
    onTestFinished(() => void other.close());
    const client = createClient(path);
    await expect(client.version()).rejects.toBeInstanceOf(UnreachableError);
    await expect(client.list(kind("ctr"), {})).rejects.toBeInstanceOf(UnreachableError);
  });

  it("notices during a watch that the controller has gone", async () => {
    const bed = await startApiBed();
    await bed.control.drop("users/alice/train.yaml", containerText("train"));
    const events = createClient(bed.socketPath).watch(kind("ctr"), {});
    expect((await events.next()).value).toMatchObject({ type: "ADDED" });
    await bed.close();
    await expect(events.next()).rejects.toBeInstanceOf(UnreachableError);
  });
});
