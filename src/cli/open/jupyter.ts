import type { ContainerSpecSpec } from "../../api/container.ts";

/** A Jupyter server as its log names it. */
export interface JupyterServer {
  readonly port: number;
  /** Path with the token: `/lab?token=...`. */
  readonly path: string;
}

/** The server that was started last, from what it wrote; null where it wrote no address with a token. */
export function jupyterIn(log: string): JupyterServer | null {
  const found = [...log.matchAll(/https?:\/\/[^\s/:]+:(\d{1,5})(\/[\w./~-]*\?token=[\w-]+)/g)].at(-1);
  return found === undefined ? null : { port: Number(found[1]), path: found[2] ?? "/" };
}

/** How a port of a container is reached on its server; null where it is not published at a known place. */
export function publishedAt(spec: Pick<ContainerSpecSpec, "network" | "ports">, port: number): string | null {
  if (spec.network === "host") return `127.0.0.1:${port}`;
  const published = spec.ports?.find(
    ({ containerPort, hostPort }) => containerPort === port && hostPort !== undefined,
  );
  if (published === undefined) return null;
  const { hostIP, hostPort } = published;
  const address = hostIP === "0.0.0.0" || hostIP === "::" ? "127.0.0.1" : hostIP;
  return `${address.includes(":") ? `[${address}]` : address}:${hostPort}`;
}
