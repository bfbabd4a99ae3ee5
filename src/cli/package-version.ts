import { readFile } from "node:fs/promises";

/** Version of this ds01, from the package.json two levels up (of src/cli as of dist/cli). */
export async function packageVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
