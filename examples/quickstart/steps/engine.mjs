import { setTimeout as sleep } from "node:timers/promises";
import { startPrivateEngine } from "./private-engine.mjs";
import { say } from "./say.mjs";

const defaultHost = "unix:///var/run/docker.sock";

/**
 * The Docker Engine to use: that of DOCKER_HOST, else the default socket's, else a private one, which the run then undoes.
 * @returns {Promise<{dockerHost: string, docker: import("dockerode"), isPrivate: boolean}>}
 */
export async function findEngine(folder, run) {
  const named = process.env.DOCKER_HOST;
  const tried = [];
  for (const dockerHost of new Set([named, defaultHost])) {
    if (dockerHost === undefined || dockerHost === "") continue;
    const docker = await connect(dockerHost);
    const problem = await problemOf(docker);
    if (problem === undefined) {
      const { Version } = await docker.version();
      say(`Using Docker Engine ${Version} at ${dockerHost}`);
      return { dockerHost, docker, isPrivate: false };
    }
    tried.push(`${dockerHost}: ${problem}`);
  }
  run.signal.throwIfAborted();
  const dockerHost = await startPrivateEngine(folder, tried, run);
  return { dockerHost, docker: await connect(dockerHost), isPrivate: true };
}

async function connect(dockerHost) {
  // Loaded late: before the first `npm ci` there is no dockerode.
  const { default: Docker } = await import("dockerode");
  if (!dockerHost.startsWith("tcp://"))
    return new Docker({ socketPath: dockerHost.replace(/^unix:\/\//, "") });
  const { hostname, port } = new URL(dockerHost);
  return new Docker({ protocol: "http", host: hostname, port: port === "" ? 2375 : Number(port) });
}

/** Why this engine cannot be used, or undefined; waits two seconds at most. */
async function problemOf(docker) {
  try {
    const answer = await Promise.race([docker.ping(), sleep(2_000, "silence", { ref: false })]);
    return answer === "silence" ? "does not answer" : undefined;
  } catch (error) {
    if (error.code === "EACCES") return "you may not open it (are you in the group docker?)";
    if (error.code === "ENOENT" || error.code === "ECONNREFUSED") return "no engine there";
    return error.message;
  }
}
