import { describe, expect, test } from "vitest";
import { NotFoundError } from "../util/errors.ts";
import { explain } from "./explain.ts";
import { kindNames } from "./names.ts";

function failure(words: string): NotFoundError {
  try {
    explain(words);
  } catch (error) {
    if (error instanceof NotFoundError) return error;
    throw error;
  }
  throw new Error(`${words} was explained`);
}

test("a kind shows its group, version, description and fields with types", () => {
  const text = explain("containers");
  expect(text).toMatch(
    /^GROUP: {6}ds01\.io\nKIND: {7}ContainerSpec\nVERSION: {4}v1alpha1\n\nDESCRIPTION:\n {4}A container/,
  );
  expect(text).toContain("  spec\t<Object> -required-\n    What should run.");
  expect(text).toContain("  status\t<Object>\n");
});

test("a field shows type, words, default and example", () => {
  expect(explain("container.spec.gpus.count")).toBe(`GROUP:      ds01.io
KIND:       ContainerSpec
VERSION:    v1alpha1

FIELD: count <integer> -required-

DESCRIPTION:
    How many whole GPUs, or slices when profile is given.

RANGE:
    at least 0, at most 64

EXAMPLES:
    1
`);
  expect(explain("ctr.spec.restartPolicy")).toContain(
    "ALLOWED:\n    Always, OnFailure, Never\n\nDEFAULT:\n    Always\n",
  );
  expect(explain("ctr.spec.lifecycle.maxRuntime")).toContain(
    "ALLOWED:\n    never, or a value as below\n\nEXAMPLES:\n    24h\n    never\n",
  );
});

test("lists are entered without and with an index", () => {
  expect(explain("ContainerSpec.spec.volumes[0].mountPath")).toBe(
    explain("ContainerSpec.spec.volumes.mountPath"),
  );
  expect(explain("ctr.spec.volumes")).toContain("FIELD: volumes <[]Object>");
  expect(explain("ctr.metadata.labels")).toContain("<map[string]string>");
  expect(explain("quota.spec.gpus.nominal")).toContain("FIELD: nominal <string or number>");
});

test("recursive shows the whole tree", () => {
  expect(explain("quota.spec", { recursive: true })).toContain(
    "  policy\t<Object>\n    hostPaths\t<[]Object>\n      path\t<string> -required-\n",
  );
});

test("status and observed kinds are explained too", () => {
  expect(explain("container.status.phase")).toContain("Held");
  expect(explain("gpu.status.holder.namespace")).toContain("FIELD: namespace <string>");
  expect(explain("ev.involvedObject.name")).toMatch(/^KIND: {7}Event\nVERSION: {4}v1\n/);
});

test.each(kindNames.map(({ kind }) => kind))("no line of %s is without words", (kind) => {
  const text = explain(kind, { recursive: true }) + explain(kind);
  expect(text).not.toMatch(/undefined|<>|\[object/);
});

describe("what does not exist", () => {
  test.each([
    ["container.spec.gpu", 'container.spec has no field "gpu"; did you mean container.spec.gpus?'],
    [
      "container.gpus",
      'container has no field "gpus"; did you mean container.spec.gpus or container.status.gpus?',
    ],
    ["container.spec.image.tag", 'container.spec.image has no field "tag"'],
    ["contaner", '"contaner" is not a kind; did you mean container?'],
    ["", "no kind is named"],
    ["container.__proto__", 'container has no field "__proto__"'],
  ])("%j is answered with what is near", (words, message) => {
    expect(failure(words).message).toBe(message);
  });

  test("names what there is", () => {
    expect(failure("quota.spec.foo").remedy).toMatch(/^Its fields: subjects, priority,/);
    expect(failure("foo").remedy).toBe(
      "Kinds: containers, quotas, reservations, gpus, images, presets, sources, events.",
    );
  });
});
