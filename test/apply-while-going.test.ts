import { expect, test } from "vitest";
import type { StoredRecord } from "../src/core/record.ts";
import { waitFor } from "./bed/wait-for.ts";
import { type ApiBed, containerText, startApiBed } from "./support/api-bed.ts";

const path = "users/alice/train.yaml";
const one = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/train";

/** alice's object is about to go, and comes from where the test says. */
async function going(source: Partial<StoredRecord["source"]> = {}): Promise<ApiBed> {
  const bed = await startApiBed();
  await bed.control.drop(path, containerText("train"));
  bed.control.asleep = true;
  bed.control.files.delete(path);
  const record = bed.control.store.get("ContainerSpec", "alice/train");
  if (record === undefined) throw new Error("the object is gone");
  const deletion = { requestedAt: 0, cause: "deleted by alice" };
  bed.control.store.putSoon({ ...record, deletion, source: { ...record.source, ...source } });
  bed.actAs("alice");
  return bed;
}

async function apply(bed: ApiBed, metadata = "name: train"): Promise<{ code: number; text: string }> {
  return bed.call("PATCH", `${one}?fieldManager=ann`, {
    type: "application/apply-patch+yaml",
    body: `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {${metadata}}\nspec: {image: busybox}\n`,
  });
}

test("server-side apply is refused for what another source has, also while it goes", async () => {
  const bed = await going({ source: "lab-git" });
  const answer = await apply(bed);
  expect(answer.text).toContain('comes from the source \\"lab-git\\"');
  expect(answer.code).toBe(403);
  expect(bed.control.files.size).toBe(0);
});

test("so it is for a container of a sweep", async () => {
  const bed = await going({ element: { of: "grid", index: 0, replicas: 2 } });
  const answer = await apply(bed);
  expect(answer.text).toContain("number 0 of the replicas");
  expect(answer.code).toBe(403);
});

test("so it is for a version that is no more", async () => {
  const bed = await going();
  expect(await apply(bed, 'name: train, resourceVersion: "1000"')).toMatchObject({ code: 409 });
  expect(bed.control.files.size).toBe(0);
});

test("what is one's own comes back", async () => {
  const bed = await going();
  const pending = apply(bed);
  await waitFor("the write", () => bed.control.files.has(path));
  await bed.control.store.delete("ContainerSpec", "alice/train");
  bed.control.asleep = false;
  await bed.control.resync();
  const answer = await pending;
  expect(answer.code, answer.text).toBe(201);
  expect(bed.control.files.get(path)).toContain("busybox");
});
