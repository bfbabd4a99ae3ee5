import type { Configuration } from "../../api/configuration.ts";

/** How the API is reached beside its socket, and what it shows. */
export interface ApiSettings {
  /** The port of the API at 127.0.0.1; null: it is reached at its socket only. */
  readonly httpsPort: number | null;
  /** What users see beside what is their own. */
  readonly visibility: "own" | "all";
  /** Where webhooks are listened for; null: nowhere. */
  readonly webhook: { readonly host: string; readonly port: number } | null;
}

/** The port is Kubernetes' usual one unless the file names another; what is absent stays closed. */
export function apiSettings({ api }: Configuration): ApiSettings {
  return {
    httpsPort: api?.https === undefined ? null : (api.https.port ?? 6443),
    visibility: api?.visibility ?? "own",
    webhook: webhookAddress(api?.webhook?.listen ?? ""),
  };
}

function webhookAddress(listen: string): ApiSettings["webhook"] {
  const [, host, port] = /^(.*):(\d+)$/.exec(listen) ?? [];
  if (host === undefined || port === undefined) return null;
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

/** Why what is said of webhooks cannot be meant; undefined where it can. */
export function webhookMistake({ api, sources = [] }: Configuration): string | undefined {
  const index = sources.findIndex(({ git }) => git?.webhook !== undefined);
  if (index < 0 || api?.webhook !== undefined) return undefined;
  return `sources.${index}.git.webhook: nobody listens for it; say where: api: {webhook: {listen: "127.0.0.1:8787"}}`;
}
