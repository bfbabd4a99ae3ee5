import { Agent } from "node:http";
import { inspect } from "node:util";
import Docker from "dockerode";
import { InvalidError } from "../../util/errors.ts";

/**
 * Opens nothing yet; the result talks to the engine at `dockerHost` (`unix:///path`, `tcp://host:port` or an
 * absolute socket path) over kept connections. Anything else is InvalidError.
 */
export function connectDocker(dockerHost: string): Docker {
  const agent = new Agent({ keepAlive: true });
  // docker-modem renders its request options for a debug log on every call, whether anybody reads it or not;
  // an agent shown whole, with all its sockets, would cost more than the call.
  Object.defineProperty(agent, inspect.custom, { value: () => "Agent", enumerable: false });
  // What is not said here, dockerode would take from DOCKER_HOST.
  const everything = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    protocol: "http",
    agent,
  } as const;
  return new Docker({ ...everything, ...addressOf(dockerHost) });
}

function addressOf(dockerHost: string): { socketPath: string } | { host: string; port: string } {
  const socketPath = dockerHost.replace(/^unix:\/\//, "");
  if (socketPath.startsWith("/")) return { socketPath };
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : undefined;
  if (url === undefined || !["tcp:", "http:"].includes(url.protocol) || url.hostname === "") {
    throw new InvalidError({
      reason: "InvalidDockerHost",
      message: `Docker host "${dockerHost}" is neither unix:///path nor tcp://host:port`,
      remedy:
        "set DOCKER_HOST or --docker-host to the engine's socket, for example unix:///var/run/docker.sock",
    });
  }
  return { host: url.hostname, port: url.port === "" ? "2375" : url.port };
}

/** The unix socket a client talks to; undefined for TCP. */
export function socketPathOf(docker: Docker): string | undefined {
  const modem: unknown = docker.modem;
  if (typeof modem !== "object" || modem === null || !("socketPath" in modem)) return undefined;
  return typeof modem.socketPath === "string" ? modem.socketPath : undefined;
}
