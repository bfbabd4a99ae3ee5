import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const containers = "/apis/ds01.io/v1alpha1/namespaces/alice/containers";
const path = "users/alice/train.yaml";
const commented =
  "# my run\napiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata:\n  name: train\nspec:\n  image: busybox  # small\n";

interface Written {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function write(
  bed: ApiBed,
  methodAndTarget: string,
  body: string | object = "",
  type?: string,
): Promise<Written> {
  const [method = "", target = ""] = methodAndTarget.split(" ");
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const guessed = typeof body === "string" ? "application/yaml" : "application/json";
  const answer = await bed.call(method, `${containers}${target}`, { body: text, type: type ?? guessed });
  return { code: answer.code, body: JSON.parse(answer.text) as Written["body"] };
}

function objectOf(spec: object, metadata: object = {}): object {
  return {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name: "train", namespace: "alice", ...metadata },
    spec,
  };
}

describe("creating", () => {
  it("stores YAML as it was written and returns the object", async () => {
    const bed = await startApiBed();
    const created = await write(bed, "POST", commented);
    expect(created).toMatchObject({
      code: 201,
      body: { kind: "ContainerSpec", metadata: { name: "train", namespace: "alice", uid: "uid-1" } },
    });
    expect(bed.control.files.get(path)).toBe(commented);
    expect(bed.control.owners.get(path)).toBe("alice");
  });

  it("turns JSON into a spec file without what the server owns", async () => {
    const bed = await startApiBed();
    const object = { ...objectOf({ image: "busybox" }, { uid: "x", labels: { a: "b" } }), status: {} };
    expect(await write(bed, "POST", object)).toMatchObject({ code: 201 });
    expect(bed.control.files.get(path)).toBe(
      "apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata:\n  name: train\n  namespace: alice\n" +
        "  labels:\n    a: b\nspec:\n  image: busybox\n",
    );
  });

  it("refuses what is there already, elsewhere, of another kind or of another name", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    expect(await write(bed, "POST", commented)).toMatchObject({
      code: 409,
      body: { reason: "AlreadyExists", message: 'containers.ds01.io "train" already exists' },
    });
    const elsewhere = objectOf({ image: "a" }, { namespace: "bob" });
    expect(await write(bed, "PUT /train", elsewhere)).toMatchObject({ code: 400 });
    expect(await write(bed, "PUT /other", objectOf({ image: "a" }))).toMatchObject({ code: 400 });
    expect(await write(bed, "PUT /train", { ...objectOf({}), kind: "Pod" })).toMatchObject({ code: 400 });
    expect(await write(bed, "POST", `${commented}---\n${commented}`)).toMatchObject({ code: 400 });
    expect(await write(bed, "POST", "nonsense: [")).toMatchObject({ code: 400 });
    expect(await write(bed, "POST", "{}", "application/json")).toMatchObject({ code: 400 });
    expect(await write(bed, "POST", "x", "text/html")).toMatchObject({ code: 415 });
    expect(await write(bed, "PATCH /train", {}, "application/json-patch+json")).toMatchObject({
      code: 400,
    });
    expect(await write(bed, "PATCH /train", {}, "application/strategic-merge-patch+json")).toMatchObject({
      code: 415,
    });
  });

  it("never leaves the namespace's directory, whatever the name", async () => {
    const bed = await startApiBed();
    for (const name of ["../../quotas/x", "..", ".hidden", "a/b", "A"]) {
      const object = { ...objectOf({ image: "busybox" }), metadata: { name } };
      const { code } = await write(bed, "POST", object);
      expect(code).toBe(422);
      expect((await write(bed, `PUT /${encodeURIComponent(name)}`, object)).code).toBe(422);
    }
    const outside = "/apis/ds01.io/v1alpha1/namespaces/%2E%2E/containers";
    const body = containerText("x");
    expect(await bed.call("POST", outside, { body, type: "application/yaml" })).toMatchObject({ code: 400 });
    expect([...bed.control.files.keys()]).toEqual([]);
  });
});

describe("refusals", () => {
  it("name every problem with file and line", async () => {
    const bed = await startApiBed();
    const wrong = containerText("train", "  image: busybox\n  gpu: 1\n  desiredState: Runing");
    const { code, body } = await write(bed, "PUT /train", wrong);
    expect(code).toBe(422);
    expect(body).toMatchObject({
      reason: "Invalid",
      details: {
        kind: "ContainerSpec",
        name: "train",
        causes: [
          {
            field: "spec.gpu",
            message: expect.stringContaining("users/alice/train.yaml:7:3: error: spec.gpu"),
          },
          { field: "spec.desiredState", message: expect.stringContaining("users/alice/train.yaml:8:") },
        ],
      },
    });
    expect(bed.control.files.size).toBe(0);
  });

  it("pass on what the quota says, and change nothing", async () => {
    const bed = await startApiBed();
    const big = containerText("train", "  image: busybox\n  gpus: {count: 4}");
    const { code, body } = await write(bed, "PUT /train", big);
    expect(code).toBe(403);
    expect(body).toMatchObject({
      reason: "Forbidden",
      message: 'alice/train refused: asks for 4 GPUs; quota "students" allows 2 (quotas/students.yaml:7).',
      details: { name: "train", causes: [{ reason: "QuotaExceeded" }] },
    });
    expect(bed.control.files.size).toBe(0);
  });

  it("come the same from a dry run, which writes nothing", async () => {
    const bed = await startApiBed();
    const dry = "/train?dryRun=All";
    expect(await write(bed, `PUT ${dry}`, commented)).toMatchObject({
      code: 201,
      body: { metadata: { name: "train", namespace: "alice" }, spec: { image: "busybox" } },
    });
    const big = containerText("train", "  image: busybox\n  gpus: {count: 4}");
    expect(await write(bed, `PUT ${dry}`, big)).toMatchObject({ code: 403 });
    expect(bed.control.files.size).toBe(0);
    await bed.control.drop(path, commented);
    expect(await write(bed, `DELETE ${dry}`)).toMatchObject({ code: 200 });
    expect(await write(bed, "DELETE /train?dryRun=Some")).toMatchObject({ code: 400 });
    expect(bed.control.files.get(path)).toBe(commented);
  });
});

describe("changing", () => {
  it("patches the file in place and keeps its comments", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const merge = "application/merge-patch+json";
    const stopped = await write(bed, "PATCH /train", { spec: { desiredState: "Stopped" } }, merge);
    expect(stopped).toMatchObject({
      code: 200,
      body: { spec: { desiredState: "Stopped", image: "busybox" } },
    });
    expect(bed.control.files.get(path)).toBe(
      commented.replace("spec:\n", "spec:\n  desiredState: Stopped\n"),
    );
    await write(bed, "PATCH /train", { spec: { desiredState: "Running" } }, merge);
    expect(bed.control.files.get(path)).toBe(
      commented.replace("spec:\n", "spec:\n  desiredState: Running\n"),
    );
  });

  it("writes of a whole object only what differs from it, so that defaults stay out of the file", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const { text } = await bed.call("GET", `${containers}/train`);
    const object = JSON.parse(text) as { spec: object };
    const changed = { ...object, spec: { ...object.spec, image: "alpine" } };
    expect(await write(bed, "PUT /train", changed)).toMatchObject({ code: 200 });
    expect(bed.control.files.get(path)).toBe(commented.replace("busybox", "alpine"));
  });

  it("keeps the version of an object that a write leaves as it is", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const version = bed.control.store.resourceVersion();
    expect(await write(bed, "PUT /train", commented)).toMatchObject({ code: 200 });
    expect(bed.control.store.resourceVersion()).toBe(version);
    expect(bed.control.files.get(path)).toBe(commented);
  });

  it("refuses a change of what has changed meanwhile", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const stale = objectOf({ image: "alpine" }, { resourceVersion: "99999" });
    expect(await write(bed, "PUT /train", stale)).toMatchObject({
      code: 409,
      body: {
        reason: "Conflict",
        message:
          'Operation cannot be fulfilled on containers.ds01.io "train": the object has been modified; ' +
          "please apply your changes to the latest version and try again",
      },
    });
    const version = bed.control.store.get("ContainerSpec", "alice/train")?.resourceVersion;
    const fresh = objectOf({ image: "alpine" }, { resourceVersion: String(version) });
    expect(await write(bed, "PUT /train", fresh)).toMatchObject({ code: 200 });
  });

  it.each([
    ["PUT", "application/json"],
    ["PATCH", "application/merge-patch+json"],
  ])(
    "refuses a %s of a version after which the file was edited, and keeps the edit",
    async (method, type) => {
      const bed = await startApiBed();
      await bed.control.drop(path, commented);
      const versionNow = (): string =>
        String(bed.control.store.get("ContainerSpec", "alice/train")?.resourceVersion);
      const wanted = (): object => objectOf({ image: "alpine" }, { resourceVersion: versionNow() });
      const edited = commented.replace("busybox", "debian");
      // Somebody has saved it, and the controller has not looked yet.
      bed.control.files.set(path, edited);
      expect(await write(bed, `${method} /train`, wanted(), type)).toMatchObject({
        code: 409,
        body: { reason: "Conflict", message: expect.stringContaining("has been modified") as string },
      });
      expect(bed.control.files.get(path)).toBe(edited);
      await bed.control.resync();
      expect(await write(bed, `${method} /train`, wanted(), type)).toMatchObject({ code: 200 });
      expect(bed.control.files.get(path)).toMatch(/image: alpine +# small/);
    },
  );

  it("refuses a change of a file that is edited while it is checked, and keeps the edit", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const edited = commented.replace("busybox", "debian");
    const preview = bed.control.preview.bind(bed.control);
    bed.control.preview = async (...asked) => {
      bed.control.files.set(path, edited);
      return preview(...asked);
    };
    const change = { spec: { image: "alpine" } };
    const merge = "application/merge-patch+json";
    expect(await write(bed, "PATCH /train", change, merge)).toMatchObject({ code: 409 });
    expect(bed.control.files.get(path)).toBe(edited);
  });

  it("edits one document of a file and leaves the others alone", async () => {
    const bed = await startApiBed();
    const both = `${commented}---\n# second\n${containerText("eval")}`;
    await bed.control.drop("users/alice/all.yaml", both);
    const renamed = containerText("eval", "  image: alpine");
    expect(await write(bed, "PUT /eval", renamed)).toMatchObject({ code: 200 });
    expect(bed.control.files.get("users/alice/all.yaml")).toBe(`${commented}---\n${renamed}`);
    expect(await write(bed, "DELETE /train")).toMatchObject({ code: 200 });
    expect(bed.control.files.get("users/alice/all.yaml")).toContain("name: eval");
    expect(bed.control.files.get("users/alice/all.yaml")).not.toContain("name: train");
    await waitFor(
      "train to be gone",
      () => bed.control.store.get("ContainerSpec", "alice/train") === undefined,
    );
    expect(bed.control.store.get("ContainerSpec", "alice/eval")).toBeDefined();
  });

  it("names lines of the file for a problem in its second document", async () => {
    const bed = await startApiBed();
    await bed.control.drop("users/alice/all.yaml", `${commented}---\n${containerText("eval")}`);
    const wrong = containerText("eval", "  image: busybox\n  gpu: 1");
    const { body } = await write(bed, "PUT /eval", wrong);
    expect(JSON.stringify(body)).toContain("users/alice/all.yaml:15:3");
  });

  it("adds a document to a file of that name which holds another object", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, containerText("other"));
    expect(await write(bed, "POST", commented)).toMatchObject({ code: 201 });
    expect(bed.control.files.get(path)).toBe(`${containerText("other")}---\n${commented}`);
  });

  it("lets two writers of one file go one after the other", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const merge = "application/merge-patch+json";
    // Each reader holds its text for a while, so that without order they would undo each other.
    bed.control.read = async (file) => {
      const text = bed.control.files.get(file);
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
      return text;
    };
    const labels = Array.from({ length: 8 }, (_, index) => `l${index}`);
    const answers = await Promise.all(
      labels.map((label) => write(bed, "PATCH /train", { metadata: { labels: { [label]: "x" } } }, merge)),
    );
    expect(answers.map(({ code }) => code)).toEqual(labels.map(() => 200));
    const record = bed.control.store.get("ContainerSpec", "alice/train");
    expect(Object.keys(record?.labels ?? {}).toSorted()).toEqual(labels);
  });

  it("says so when the controller does not take a write up in time", async () => {
    const bed = await startApiBed({ writeDeadlineMs: 5000 });
    bed.control.asleep = true;
    const pending = write(bed, "PUT /train", commented);
    await waitFor("the write", () => bed.control.files.get(path));
    await waitFor("the deadline to be set", () => bed.clock.nextAlarm());
    bed.clock.advance(5000);
    expect(await pending).toMatchObject({ code: 504, body: { reason: "Timeout" } });
  });

  it("reports what the controller rejects after all", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    bed.control.asleep = true;
    const pending = write(bed, "PUT /train", containerText("train", "  image: alpine"));
    await waitFor("the write", () => bed.clock.nextAlarm());
    const record = bed.control.store.get("ContainerSpec", "alice/train");
    if (record === undefined) throw new Error("the object is gone");
    const rejection = { reason: "OwnerMismatch", message: "the file belongs to bob", path, problems: [] };
    bed.control.store.putSoon({ ...record, rejection });
    expect(await pending).toMatchObject({
      code: 422,
      body: { details: { causes: [{ message: expect.stringContaining("the file belongs to bob") }] } },
    });
  });

  it("brings back an object that is being deleted, in a new file", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const record = bed.control.store.get("ContainerSpec", "alice/train");
    if (record === undefined) throw new Error("the object is gone");
    bed.control.files.clear();
    const source = { ...record.source, path: "" };
    bed.control.store.putSoon({ ...record, source, deletion: { requestedAt: 0, cause: "test" } });
    bed.control.asleep = true;
    expect(await write(bed, "DELETE /train")).toMatchObject({ code: 200 });
    const pending = write(bed, "PUT /train", commented);
    await waitFor("the write", () => bed.control.files.get(path));
    await bed.control.store.delete("ContainerSpec", "alice/train");
    bed.control.asleep = false;
    await bed.control.resync();
    expect(await pending).toMatchObject({ code: 200, body: { metadata: { uid: "uid-2" } } });
  });

  it("leaves alone what comes from another source", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    const record = bed.control.store.get("ContainerSpec", "alice/train");
    if (record === undefined) throw new Error("the object is gone");
    bed.control.store.putSoon({ ...record, source: { ...record.source, source: "lab-git" } });
    expect(await write(bed, "DELETE /train")).toMatchObject({
      code: 403,
      body: { message: '"train" comes from the source "lab-git"; change users/alice/train.yaml there' },
    });
  });
});

describe("deleting", () => {
  it("removes the file, tells the controller who did it, and returns the uid", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    bed.actAs("alice");
    expect(await write(bed, "DELETE /train")).toEqual({
      code: 200,
      body: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name: "train", group: "ds01.io", kind: "containers", uid: "uid-1" },
      },
    });
    expect(bed.control.files.size).toBe(0);
    expect(bed.control.expectedRemovals).toEqual(["ContainerSpec alice/train by alice"]);
    await waitFor(
      "train to be gone",
      () => bed.control.store.get("ContainerSpec", "alice/train") === undefined,
    );
    expect(await write(bed, "DELETE /train")).toMatchObject({ code: 404 });
  });

  it("does not touch a file in which somebody has put another object", async () => {
    const bed = await startApiBed();
    await bed.control.drop(path, commented);
    bed.control.files.set(path, containerText("precious"));
    expect(await write(bed, "DELETE /train")).toMatchObject({ code: 409 });
    expect(bed.control.files.get(path)).toContain("precious");
    expect(bed.control.expectedRemovals).toEqual([]);
  });
});

describe("previews", () => {
  it("answer what would happen to the text as it would stand in its file", async () => {
    const bed = await startApiBed();
    const { code, body } = await write(bed, "POST /train/preview", "kind: 1\n");
    expect(code).toBe(200);
    expect(body).toMatchObject({ path, exists: false, problems: [{ file: path }, {}] });
  });
});
