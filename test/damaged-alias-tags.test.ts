import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentFile } from "../src/adapters/store/document-file.ts";
import { AliasTags } from "../src/controller/alias-tags.ts";
import { silentLog } from "./support/silent-log.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

const good = '"docker.io/library/a:1":{"imageId":"sha256:1","namespaces":["alice"]}';

test.each([
  ['{"version":1,"tags":{"a', []],
  ['{"version":1,"tags":[]}', []],
  ['{"version":1,"tags":null}', []],
  [`{"version":1,"tags":{${good},"b:1":{"imageId":5,"namespaces":[]}}}`, ["alice"]],
  [`{"version":1,"tags":{${good},"b:1":{"imageId":"sha256:2","namespaces":[5]}}}`, ["alice"]],
  ['{"version":1,"tags":{"a:1":{"imageId":"sha256:1","namespaces":["alice",5]}}}', ["alice"]],
])(
  "of the damaged names %s a copy is kept, the log says so, and what can be read counts",
  (damaged, others) => {
    const path = join(temporaryDirectory(), "alias-tags.json");
    writeFileSync(path, damaged);
    const log = silentLog();
    const tags = new AliasTags(documentFile({ path, log, mayWrite: () => true }), log);
    expect(tags.others("a:1", "sha256:1", "bob")).toEqual(others);
    const reasons = log.lines.map(({ fields }) => fields["reason"]);
    expect(reasons.filter((reason) => reason === "AliasTagsUnreadable")).toHaveLength(1);
    expect(readFileSync(`${path}.corrupt`, "utf8")).toBe(damaged);
  },
);

test.each([null, `{"version":1,"tags":{${good}}}`])("nothing is said of %s", (text) => {
  const path = join(temporaryDirectory(), "alias-tags.json");
  if (text !== null) writeFileSync(path, text);
  const log = silentLog();
  const tags = new AliasTags(documentFile({ path, log, mayWrite: () => true }), log);
  expect(tags.all()).toHaveLength(text === null ? 0 : 1);
  expect(log.lines).toEqual([]);
});
