import { describe, expect, it } from "vitest";
import { appliedConfiguration } from "../../src/api/applied-configuration.ts";
import type { FieldsV1 } from "../../src/api/managed-fields.ts";
import type { ApiObject } from "../../src/api/meta.ts";
import type { StatusObject } from "../../src/api/status-error.ts";
import { startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const one = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/web";
const tooMany = Object.fromEntries(Array.from({ length: 5001 }, (_, index) => [`f:${index}`, {}]));

function owner(fieldsV1: FieldsV1, manager = "ann"): object {
  const apiVersion = "ds01.io/v1alpha1";
  return { manager, operation: "Update", apiVersion, fieldsType: "FieldsV1", fieldsV1 };
}

async function startBed(): Promise<{
  readonly bed: ApiBed;
  readonly write: (
    metadata: object,
    options?: { readonly method?: string; readonly type?: string; readonly spec?: object },
  ) => Promise<{ readonly code: number; readonly status: StatusObject; readonly object: ApiObject }>;
}> {
  const bed = await startApiBed();
  bed.actAs("alice");
  return {
    bed,
    write: async (
      metadata,
      { method = "PUT", type = "application/json", spec = { image: "busybox" } } = {},
    ) => {
      const body = JSON.stringify({
        apiVersion: "ds01.io/v1alpha1",
        kind: "ContainerSpec",
        metadata: { name: "web", ...metadata },
        spec,
      });
      const answer = await bed.call(method, `${one}?fieldManager=ann`, { type, body });
      const read = JSON.parse(answer.text) as StatusObject & ApiObject;
      return { code: answer.code, status: read, object: read };
    },
  };
}

describe("what is noted beside the file of an object", () => {
  it("holds annotations of 256 KiB, kubectl's note with them, and no more", async () => {
    const { bed, write } = await startBed();
    const message =
      'ContainerSpec.ds01.io "web" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes';
    const room = 262_144 - appliedConfiguration.length;
    const noteOf = (bytes: number): { readonly annotations: object } => ({
      annotations: { [appliedConfiguration]: "ü".repeat(bytes / 2) + "x".repeat(bytes % 2) },
    });
    expect((await write(noteOf(room))).code).toBe(201);
    const large = { annotations: { ...noteOf(room - 2).annotations, "a/b": "" } };
    const merge = { method: "PATCH", type: "application/merge-patch+json" };
    for (const options of [{}, merge]) {
      for (const metadata of [noteOf(room + 1), large]) {
        const { code, status } = await write(metadata, options);
        expect([code, status.reason, status.message]).toEqual([422, "Invalid", message]);
        expect(status.details).toMatchObject({
          name: "web",
          causes: [{ reason: "FieldValueTooLong", field: "metadata.annotations" }],
        });
      }
    }
    const kept = (await bed.json(one)) as ApiObject;
    expect(kept.metadata.annotations?.[appliedConfiguration]).toHaveLength(Math.ceil(room / 2));
  });

  it("takes no more owners of fields than an object has room for", async () => {
    const { bed, write } = await startBed();
    expect((await write({})).code).toBe(201);
    const before = await bed.json(one);
    const long = Object.fromEntries(
      Array.from({ length: 80 }, (_, index) => [`f:${String(index).padEnd(1000, "x")}`, {}]),
    );
    for (const fieldsV1 of [tooMany, long]) {
      const { code, status } = await write({ managedFields: [owner(fieldsV1)] });
      expect([code, status.reason]).toEqual([422, "Invalid"]);
      expect(status.message).toBe(
        "metadata.managedFields: Too long: may not be more than 65536 characters, nor more than 5000 fields or 100 entries",
      );
      const operations = [{ op: "add", path: "/metadata/managedFields", value: [owner(fieldsV1)] }];
      const type = "application/json-patch+json";
      expect((await bed.call("PATCH", one, { type, body: JSON.stringify(operations) })).code).toBe(422);
    }
    const crowd = Array.from({ length: 100_000 }, () => ({}));
    expect((await write({ managedFields: crowd })).code).toBe(422);
    expect(await bed.json(one)).toEqual(before);
  });

  it("names only owners of fields that are there", async () => {
    const { write } = await startBed();
    expect((await write({})).code).toBe(201);
    const fieldsV1 = { "f:spec": { "f:image": {}, "f:hostname": {}, "f:made-up": { "f:deeper": {} } } };
    const { object } = await write({ managedFields: [owner(fieldsV1), owner({ "f:other": {} }, "bob")] });
    expect(object.metadata.managedFields).toEqual([owner({ "f:spec": { "f:image": {} } })]);
  });

  const environment = Array.from({ length: 1300 }, (_, index) => ({ name: `N${index}`, value: "1" }));

  it("refuses an apply that would have to note more", async () => {
    const { bed, write } = await startBed();
    const options = { method: "PATCH", type: "application/apply-patch+yaml" };
    const { code, status } = await write({}, { ...options, spec: { image: "busybox", env: environment } });
    expect([code, status.reason]).toEqual([422, "Invalid"]);
    expect(status.message).toContain("metadata.managedFields: Too long");
    expect(bed.control.files.size).toBe(0);
  });

  it("notes no owners of an object with more fields, and writes it", async () => {
    const { write } = await startBed();
    expect((await write({})).object.metadata.managedFields).toHaveLength(1);
    const { code, object } = await write({}, { spec: { image: "busybox", env: environment } });
    expect(code).toBe(200);
    expect(object.metadata.managedFields).toBeUndefined();
  });
});

it("what was to be noted with a file that could not be written is forgotten", async () => {
  const { bed, write } = await startBed();
  const { control } = bed;
  const file = control.write.bind(control);
  control.write = async () => Promise.reject(new Error("ENOSPC"));
  expect((await write({})).code).toBe(500);
  expect(control.fieldNotes.announced).toBe(0);
  control.write = file;
  expect((await write({})).code).toBe(201);
});

it("owners that name no field are a bad request, whatever their text hides", async () => {
  const { bed, write } = await startBed();
  expect((await write({})).code).toBe(201);
  for (const element of [
    `v:${"[".repeat(50_000)}`,
    `v:${"[".repeat(30_000)}${"]".repeat(30_000)}`,
    "k:null",
  ]) {
    const { code, status } = await write({
      managedFields: [owner({ "f:spec": { "f:env": { [element]: {} } } })],
    });
    expect([code, status.reason]).toEqual([400, "BadRequest"]);
  }
  expect(bed.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

it("a note of kubectl that hides what is nested too deep says nothing", async () => {
  const { bed, write } = await startBed();
  const note = `{"spec": ${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}}`;
  expect((await write({ annotations: { [appliedConfiguration]: note } })).code).toBe(201);
  const { code } = await bed.call("PATCH", `${one}?fieldManager=kubectl&force=true`, {
    type: "application/apply-patch+yaml",
    body: JSON.stringify({
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      metadata: { name: "web" },
      spec: { image: "alpine", args: ["a"] },
    }),
  });
  expect(code).toBe(200);
});
