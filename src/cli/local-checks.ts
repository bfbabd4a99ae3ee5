import { access, constants, readFile } from "node:fs/promises";
import { request } from "node:http";
import type { RequestOptions } from "node:http";
import { homedir } from "node:os";
import type { Configuration } from "../api/configuration.ts";
import type { HealthLine } from "../client/answers.ts";
import { messageOf } from "../util/errors.ts";
import type { Environment } from "./context.ts";

const pingTimeoutMs = 3000;

/** What can be found out on this machine without the controller: its configuration, its specs, the engine. */
export async function localChecks(environment: Environment): Promise<readonly HealthLine[]> {
  const asRoot = process.geteuid?.() === 0;
  const own = `${environment["XDG_CONFIG_HOME"] ?? `${homedir()}/.config`}/ds01`;
  const path = environment["DS01_CONFIG"] ?? `${asRoot ? "/etc/ds01" : own}/config.yaml`;
  const { line, settings } = await checkConfiguration(path);
  const specs = environment["DS01_SPECS"] ?? settings.specs ?? (asRoot ? "/srv/ds01/specs" : `${own}/specs`);
  const engine = environment["DOCKER_HOST"] ?? settings.dockerHost ?? "unix:///var/run/docker.sock";
  // What stands elsewhere is the controller's to look at.
  const directories = settings.sources?.flatMap(({ directory }) => directory?.path ?? []) ?? [specs];
  return [line, ...(await Promise.all([...directories.map(checkSpecs), checkEngine(engine)]))];
}

async function checkConfiguration(
  path: string,
): Promise<{ readonly line: HealthLine; readonly settings: Configuration }> {
  const name = "Configuration";
  try {
    const [yaml, schema] = await Promise.all([import("yaml"), import("../api/configuration.ts")]);
    const settings = schema.Configuration.parse(yaml.parse(await readFile(path, "utf8")) ?? {});
    return { line: { name, ok: true, message: `${path} is valid`, remedy: null }, settings };
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return {
        line: { name, ok: true, message: `no ${path}; defaults apply`, remedy: null },
        settings: {},
      };
    }
    const remedy = `Mend ${path}, or remove it: every setting has a default.`;
    return { line: { name, ok: false, message: `${path}: ${mistakes(error)}`, remedy }, settings: {} };
  }
}

/** What is wrong with a configuration: zod's issues, or what the YAML parser said first. */
function mistakes(error: unknown): string {
  const issues = error instanceof Error && "issues" in error ? error.issues : undefined;
  if (!Array.isArray(issues)) return messageOf(error).split("\n", 1)[0] ?? "";
  const texts = (
    issues as readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
  ).map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`));
  return texts.join("; ");
}

async function checkSpecs(path: string): Promise<HealthLine> {
  const name = "Specs";
  try {
    await access(path, constants.R_OK | constants.X_OK);
    return { name, ok: true, message: `${path} is readable`, remedy: null };
  } catch (error) {
    const remedy = "Create the directory, or name another one: --specs DIR or DS01_SPECS.";
    return { name, ok: false, message: messageOf(error), remedy };
  }
}

async function checkEngine(host: string): Promise<HealthLine> {
  const name = "Engine";
  const socketPath = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  const [, hostname, port = "2375"] = /^(?:tcp|http):\/\/([^:/]+)(?::(\d+))?/.exec(host) ?? [];
  if (socketPath === undefined && hostname === undefined) {
    return { name, ok: true, message: `${host} is not checked from here`, remedy: null };
  }
  try {
    await ping(socketPath === undefined ? { host: hostname ?? "", port } : { socketPath });
    return { name, ok: true, message: `Docker answers at ${host}`, remedy: null };
  } catch (error) {
    if (codeOf(error) === "EACCES") {
      const message = `${host} may not be opened by this user; only the controller has to`;
      return { name, ok: true, message, remedy: null };
    }
    const message = `Docker does not answer at ${host} (${messageOf(error)})`;
    const remedy =
      "Start it: systemctl start docker; look: journalctl -u docker -n 20. Another engine: DOCKER_HOST.";
    return { name, ok: false, message, remedy };
  }
}

async function ping(address: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ ...address, path: "/_ping", agent: false, timeout: pingTimeoutMs }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`it answered ${response.statusCode ?? 0}`));
    });
    call.once("timeout", () => call.destroy(new Error(`no answer within ${pingTimeoutMs / 1000} s`)));
    call.once("error", reject);
    call.end();
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
