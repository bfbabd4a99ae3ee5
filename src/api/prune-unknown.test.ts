import { expect, test } from "vitest";
import { objectSchema } from "./crd.ts";
import { pruneUnknown } from "./prune-unknown.ts";

const spec = objectSchema("ContainerSpec").properties?.["spec"] ?? {};

test("unknown fields are dropped and named, wherever they stand", () => {
  const value = {
    image: "busybox",
    imag: "typo",
    resources: { cpus: 1, gpu: 2 },
    env: [{ name: "A", value: "1", valu: "2" }],
    volumes: [{ name: "data", mountPath: "/data", hostPath: { path: "/data", kind: "Directory" } }],
  };
  expect(pruneUnknown(spec, value, "spec")).toEqual({
    value: {
      image: "busybox",
      resources: { cpus: 1 },
      env: [{ name: "A", value: "1" }],
      volumes: [{ name: "data", mountPath: "/data", hostPath: { path: "/data" } }],
    },
    unknown: ["spec.imag", "spec.resources.gpu", "spec.env[0].valu", "spec.volumes[0].hostPath.kind"],
  });
});

test("what is right, and what is wrong in another way, stays as it is", () => {
  const values = [
    { image: "busybox", args: ["a"] },
    { image: { a: 1 }, env: "no list", args: null },
    null,
    1,
    [],
  ];
  for (const value of values) expect(pruneUnknown(spec, value, "spec")).toEqual({ value, unknown: [] });
});
