import { expect, test } from "vitest";
import type { ApiObject } from "../api/meta.ts";
import { parseWanted, presentState } from "./wanted.ts";

const object: ApiObject = {
  apiVersion: "ds01.io/v1alpha1",
  kind: "ContainerSpec",
  metadata: {
    name: "train",
    namespace: "alice",
    uid: "u",
    generation: 2,
    resourceVersion: "7",
    creationTimestamp: "",
  },
  status: {
    phase: "Running",
    reason: "Warmup",
    observedGeneration: 2,
    restarts: 0,
    conditions: [
      { type: "Ready", status: "True", observedGeneration: 2 },
      { type: "Accepted", status: "False", observedGeneration: 2 },
      { type: "ImageReady", status: "True", observedGeneration: 1 },
    ],
  },
};

function met(text: string, subject = object): boolean {
  const wanted = parseWanted(text);
  return wanted.type === "state" && wanted.met(subject);
}

test.each([
  ["condition=Ready", true],
  ["condition=ready=true", true],
  ["condition=Ready=False", false],
  ["condition=Accepted=False", true],
  ["condition=Missing", false],
  ["phase=Running", true],
  ["phase=Held", false],
  ["jsonpath={.status.restarts}=0", true],
  ["jsonpath='{.status.phase}'=Held", false],
  ["jsonpath=.status.phase=Running", true],
])("%s is %s", (text, expected) => {
  expect(met(text)).toBe(expected);
});

test("a condition or phase of an older spec does not count", () => {
  expect(met("condition=ImageReady")).toBe(false);
  const changed = { ...object, metadata: { ...object.metadata, generation: 3 } };
  expect(met("condition=Ready", changed)).toBe(false);
  expect(met("phase=Running", changed)).toBe(false);
});

test("delete waits for the end, and anything else is refused with what may be written", () => {
  expect(parseWanted("delete")).toEqual({ type: "deleted" });
  expect(() => parseWanted("ready")).toThrow('cannot wait for "ready"; write condition=TYPE');
  expect(() => parseWanted(undefined)).toThrow("--for=condition=Ready");
});

test("says what an object is now", () => {
  expect(presentState(object)).toBe("Running (Warmup)");
  expect(presentState({ ...object, status: undefined })).toBe("without a phase");
});
