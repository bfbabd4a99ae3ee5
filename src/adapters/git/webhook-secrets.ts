import { readFile } from "node:fs/promises";
import type { SourceConfiguration } from "../../api/source-configuration.ts";
import { StalledError } from "../../util/errors.ts";

/**
 * The secrets that Git sources share with their forges, read anew at each use so that a new one counts at once:
 * undefined for a source without a webhook. Rejects where a file cannot be read, or has nothing in it.
 */
export function webhookSecrets(
  sources: readonly SourceConfiguration[],
): (source: string) => Promise<string | undefined> {
  return async (name) => {
    const file = sources.find((source) => source.name === name)?.git?.webhook?.secretFile;
    if (file === undefined) return undefined;
    const secret = (await readFile(file, "utf8")).trim();
    // Anybody can sign with nothing.
    if (secret !== "") return secret;
    throw new StalledError({ reason: "WebhookSecretUnreadable", message: `${file} is empty` });
  };
}
