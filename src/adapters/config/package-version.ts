import { readFile } from "node:fs/promises";

/** Version of this ds01, from the package.json three levels up (of src/adapters/config as of dist/adapters/config). */
export async function packageVersion(): Promise<string> {
  const text = await readFile(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
