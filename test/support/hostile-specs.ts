import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const folder = join(import.meta.dirname, "../hostile");

/** A spec that must be refused. */
export interface HostileSpec {
  /** Name of the object and of its file. */
  readonly name: string;
  readonly user: string;
  readonly text: string;
  /** The rule that refuses it. */
  readonly reason: string;
  /** Where; `-` is the text itself, `*` any place. */
  readonly field: string;
}

/** The quotas under which the hostile specs are refused. */
export function hostileQuotas(): string {
  return readFileSync(join(folder, "quotas.yaml"), "utf8");
}

/** Every case of `test/hostile`. */
export function hostileSpecs(): readonly HostileSpec[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml") && file !== "quotas.yaml");
  return files
    .toSorted()
    .flatMap((file) => casesOf(readFileSync(join(folder, file), "utf8"), basename(file, ".yaml")));
}

function casesOf(text: string, family: string): readonly HostileSpec[] {
  const [, ...cases] = text.split(/^# refused: /m);
  return cases.map((one, index) => {
    const end = one.indexOf("\n");
    const [, reason = "", field = "", user = "alice"] =
      /^(\w+) (\S+)(?: as (\S+))?$/u.exec(one.slice(0, end)) ?? [];
    const name = `${family}-${index + 1}`;
    return { name, user, reason, field, text: wholeText(one.slice(end + 1), name) };
  });
}

function wholeText(body: string, name: string): string {
  if (body.includes("apiVersion")) return body.replaceAll("NAME", name);
  const image = /^image:/m.test(body) ? "" : "image: bed/base:1\n";
  const lines = `${image}${body}`.split("\n").map((line) => `  ${line}`);
  return `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec:\n${lines.join("\n")}\n`;
}
