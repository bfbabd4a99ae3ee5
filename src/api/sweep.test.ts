import { describe, expect, it } from "vitest";
import { parseSpecText } from "./parse.ts";
import { withElements } from "./sweep.ts";

function parsed(spec: object, name = "lr"): ReturnType<typeof parseSpecText> {
  const document = {
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name, labels: { a: "b" } },
    spec: { image: "x:1", ...spec },
  };
  return parseSpecText(JSON.stringify(document), { path: "lr.yaml", namespaceFromPath: "alice" });
}

const messages = (spec: object, name?: string): string[] =>
  parsed(spec, name).problems.map(({ field, message }) => `${field} ${message}`);

describe("a sweep", () => {
  it("is a document for each element, and the one that stands for all", () => {
    const [document] = parsed({ replicas: 2, parallelism: 1, priority: 3 }).documents;
    const expanded = withElements(document!);

    expect(expanded.map(({ identity }) => identity.name)).toEqual(["lr-0", "lr-1", "lr"]);
    expect(expanded[1]).toMatchObject({
      element: { of: "lr", index: 1, replicas: 2 },
      metadata: { labels: { a: "b", "ds01.io/sweep": "lr" } },
      spec: { priority: 3 },
    });
    expect(expanded[1]?.spec).not.toHaveProperty("replicas");
    expect(expanded[1]?.spec).not.toHaveProperty("parallelism");
  });

  it("is none without replicas", () => {
    const { documents } = parsed({});
    expect(withElements(documents[0]!)).toEqual(documents);
  });

  it("is refused where its elements would share a port or have names that are too long", () => {
    const ports = [{ containerPort: 80, hostPort: 80 }];
    expect(messages({ replicas: 2, ports })).toEqual([
      "spec.ports[0].hostPort cannot be the same for several replicas; leave it out, and Docker chooses one for each",
    ]);
    expect(messages({ replicas: 1, ports })).toEqual([]);
    expect(messages({ parallelism: 2 })).toEqual([
      "spec.replicas is missing; beside parallelism it says how many containers there are in all",
    ]);
    const name = "x".repeat(61);
    expect(messages({ replicas: 10 }, name)).toEqual([]);
    expect(messages({ replicas: 11 }, name)).toEqual([
      expect.stringContaining("has 61 characters, and with 11"),
    ]);
  });
});
