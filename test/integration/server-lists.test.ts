import { expect, it } from "vitest";
import { accessRule, containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";

const group = "/apis/ds01.io/v1alpha1";
const paths = [`${group}/containers`, `${group}/namespaces/alice/containers`, "/api/v1/pods"];
const accepts = [
  "application/json",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
];
const queries = ["", "includeObject=Object", "labelSelector=team%3Da", "fieldSelector=metadata.name%3Dtwo"];
const listings = ["alice", "bob", "carol"].flatMap((user) =>
  paths.flatMap((path) =>
    accepts.flatMap((accept) => queries.map((query) => ({ user, path, accept, query }))),
  ),
);

/** A label that nothing has, another each time: asks the same as it has never been asked. */
let asked = 0;
function anew(query: string): string {
  asked += 1;
  const [, labels] = /labelSelector=([^&]*)/.exec(query) ?? [];
  const others = query.replace(/labelSelector=[^&]*/, "");
  return `${others}&labelSelector=${labels === undefined ? "" : `${labels},`}!never-${asked}`;
}

function text(owner: string, name: string, team: string): string {
  return containerText(name, `  image: busybox\n  env: [{name: TOKEN, value: s3cret-of-${owner}}]`).replace(
    `name: ${name}\nspec`,
    `name: ${name}\n  labels: {team: ${team}}\nspec`,
  );
}

async function expectAllRight(bed: ApiBed): Promise<void> {
  for (const { user, path, accept, query } of listings) {
    bed.actAs(user);
    const given = await bed.call("GET", `${path}?${query}`, { accept });
    const made = await bed.call("GET", `${path}?${anew(query)}`, { accept });
    expect(given.text, `${user} ${path} ${accept} ${query}`).toBe(made.text);
    if (user === "bob") expect(given.text).not.toContain("s3cret-of-alice");
  }
  bed.actAs("root");
}

it.each(["own", "all"] as const)(
  "a list shows what is there now and what the caller may see, whatever was listed before (%s)",
  async (visibility) => {
    const bed = await startApiBed({ access: { ...accessRule, visibility } });
    await bed.control.drop("users/alice/one.yaml", text("alice", "one", "a"));
    await bed.control.drop("users/bob/two.yaml", text("bob", "two", "b"));
    const changes: readonly (() => Promise<void>)[] = [
      async () => undefined,
      async () => bed.clock.advance(61_000),
      async () => bed.control.setPhase("alice", "one", "Running"),
      async () => bed.control.drop("users/bob/two.yaml", text("bob", "two", "a")),
    ];
    for (const change of changes) {
      await change();
      await expectAllRight(bed);
    }
  },
);
