import { expect, it } from "vitest";
import { withoutServerFields } from "./server-fields.ts";

const written =
  "apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata:\n  name: train # mine\nspec:\n  image: x\n";

it("leaves a text that a person wrote exactly as it is", () => {
  const odd = "kind:   ContainerSpec # status and uid are words too\n";

  expect(withoutServerFields(written)).toBe(written);
  expect(withoutServerFields(odd)).toBe(odd);
});

it("takes out what the API added, and keeps the rest with its comments", () => {
  const printed = written
    .replace(
      "spec:",
      '  uid: 1234\n  resourceVersion: "7"\n  creationTimestamp: 2026-11-23T12:00:00Z\n  generation: 2\nspec:',
    )
    .concat("status:\n  phase: Running\n");

  expect(withoutServerFields(printed)).toBe(written);
});

it("takes out what is kept beside the file", () => {
  const note = "kubectl.kubernetes.io/last-applied-configuration";
  const added = `  annotations:\n    ${note}: "{}"\n  managedFields:\n    - manager: kubectl\n  uid: 1234\n`;
  expect(withoutServerFields(written.replace("spec:", `${added}spec:`))).toBe(written);
  const own = written.replace("spec:", "  annotations:\n    mine: yes\nspec:");
  const mixed = own.replace("    mine", `    ${note}: "{}"\n    mine`).replace("spec:", "  uid: 1\nspec:");
  expect(withoutServerFields(mixed)).toBe(own);
});

it("leaves a broken text for the parser to complain about", () => {
  const broken = "metadata: {uid: 1\n  resourceVersion: 2";

  expect(withoutServerFields(broken)).toBe(broken);
});
