import { expect, test } from "vitest";
import { running } from "../../test/support/one-object.ts";
import { containersByUid } from "./managed-containers.ts";

test("only what has our label, our instance and a uid is ours", () => {
  const [own] = running().containers;
  if (own === undefined) throw new TypeError("nothing runs");
  const instance = own.labels["ds01.instance"] ?? "";
  const labelled = (labels: Readonly<Record<string, string>>): typeof own => ({
    ...own,
    labels: { ...own.labels, ...labels },
  });
  const others = [
    labelled({ "ds01.instance": "another" }),
    labelled({ "ds01.managed": "false" }),
    labelled({ "ds01.uid": "" }),
  ];
  const found = containersByUid([own, ...others], instance);
  expect([...found.values()]).toEqual([[own]]);
});
