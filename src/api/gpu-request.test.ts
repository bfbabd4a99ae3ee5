import { expect, test } from "vitest";
import { parseSpecText } from "./parse.ts";

function problemsOf(gpus: string): readonly string[] {
  const text = `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: a}\nspec: {image: "a:1", gpus: ${gpus}}\n`;
  const { problems } = parseSpecText(text, {
    path: "a.yaml",
    expect: "ContainerSpec",
    namespaceFromPath: "alice",
  });
  return problems.map(({ field, message }) => `${field}: ${message}`);
}

test.each([
  ["{count: 1, allowMig: true}"],
  ["{count: 1, allowMig: false, profile: 2g.20gb}"],
  ["{count: 2, shared: {replicas: 2}, minMemory: 20Gi, allowMig: false}"],
])("a request of one kind is right: %s", (gpus) => {
  expect(problemsOf(gpus)).toEqual([]);
});

test.each([
  ["{count: 1, allowMig: true, profile: 2g.20gb}", "spec.gpus.allowMig"],
  ["{count: 1, shared: {replicas: 4}, profile: 2g.20gb}", "spec.gpus.shared"],
  ["{count: 1, shared: {replicas: 4}, allowMig: true}", "spec.gpus.shared"],
  ["{count: 2, shared: {replicas: 4}, nvlink: preferred}", "spec.gpus.shared"],
  ["{count: 1, shared: {replicas: 1}}", "spec.gpus.shared.replicas"],
  ["{count: 1, strategy: best}", "spec.gpus.strategy"],
])("a request of two kinds at once, or of none that exists, is refused: %s", (gpus, field) => {
  expect(problemsOf(gpus).map((line) => line.split(":")[0])).toEqual([field]);
});
