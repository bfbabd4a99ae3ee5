import { expect, it } from "vitest";
import type { ApiObject } from "../../src/api/meta.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";

const one = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/train";
const merge = "application/merge-patch+json";
const json = "application/json";

it("answers a write of the status that changes nothing, and refuses any other", async () => {
  const bed = await startApiBed();
  await bed.control.drop("users/alice/train.yaml", containerText("train"));
  bed.actAs("alice");
  const object = (await bed.json(one)) as ApiObject;
  const write = async (method: string, type: string, body: unknown): Promise<number> =>
    (await bed.call(method, `${one}/status`, { type, body: JSON.stringify(body) })).code;

  expect(await write("PUT", json, object)).toBe(200);
  expect(await write("PUT", json, { ...object, spec: { image: "other" } })).toBe(200);
  expect(await write("PATCH", merge, { metadata: { labels: { a: "b" } } })).toBe(200);
  expect(await write("PATCH", merge, { status: { phase: "Pending" } })).toBe(200);
  expect(await write("PATCH", "application/apply-patch+yaml", { status: { phase: "Pending" } })).toBe(200);
  // Nothing but status is written by this path, and that is not.
  expect(await bed.json(one)).toEqual(object);

  expect(await write("PUT", json, { ...object, status: { phase: "Running" } })).toBe(405);
  expect(await write("PATCH", merge, { status: { phase: null } })).toBe(405);
  const operations = [{ op: "replace", path: "/status/phase", value: "Running" }];
  expect(await write("PATCH", "application/json-patch+json", operations)).toBe(405);
  const refused = await bed.call("PATCH", `${one}/status`, { type: merge, body: '{"status":{"phase":"x"}}' });
  expect(JSON.parse(refused.text)).toMatchObject({
    reason: "MethodNotAllowed",
    message: expect.stringContaining("what ds01 observes, and nobody writes it") as string,
  });
  expect(await write("PATCH", merge, [])).toBe(400);

  bed.actAs("bob");
  expect(await write("PATCH", merge, {})).toBe(403);
  bed.actAs("root");
  const missing = await bed.call("PUT", `${one}x/status`, { type: json, body: "{}" });
  expect(missing.code).toBe(404);
});
