import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { bridgeNameOf } from "./dockerd.ts";
import { findProgram, installPackages } from "./requirements.ts";
import { waitFor } from "./wait-for.ts";

/** Who may use the registries of the bed; the hash is one of exactly this password. */
export const registryUser = { username: "alice", password: "s3cret-word" } as const;
const passwordLine = "alice:$2y$05$4wesYRFXgwWZxdI1a3BSp.YaK4lsB.TYk3XFFZyeRa9H6vCsnyIfy\n";

/** A registry of Debian's docker-registry package. */
export interface Registry {
  /** `10.213.0.1:40123`, as it stands in image references. */
  readonly server: string;
  /** The certificate of whoever has signed for it. */
  readonly certificate: string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  readonly address: string;
  /** With TLS by a CA of its own, and for registryUser only; else plain and for everybody. */
  readonly isPrivate: boolean;
  /** Where the images lie; two registries may share it. */
  readonly storage: string;
}

/** Installs the package where it can; false where there is none to be had. */
export function ensureRegistry(): boolean {
  if (findProgram("docker-registry") !== undefined && findProgram("openssl") !== undefined) return true;
  try {
    installPackages(["docker-registry", "openssl"]);
  } catch (error) {
    process.stderr.write(`no registry to test with: ${String(error)}\n`);
  }
  return findProgram("docker-registry") !== undefined && findProgram("openssl") !== undefined;
}

/** The host's address on the bridge of an engine with network `bridge`: Docker wants TLS there, unlike on loopback. */
export function bridgeAddress(engineName: string): string {
  const [found] = networkInterfaces()[bridgeNameOf(engineName)] ?? [];
  if (found === undefined) throw new Error(`engine ${engineName} has no bridge on this host`);
  return found.address;
}

/** Starts a registry at a free port and waits until it answers. */
export async function startRegistry({ address, isPrivate, storage }: RegistryOptions): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), "ds01-registry-"));
  const port = await freePort(address);
  const certificate = join(folder, "ca.crt");
  if (isPrivate) makeCertificate(folder, address);
  writeFileSync(join(folder, "htpasswd"), passwordLine);
  const configuration = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: {
      addr: `${address}:${port}`,
      ...(isPrivate ? { tls: { certificate, key: join(folder, "ca.key") } } : {}),
    },
    ...(isPrivate ? { auth: { htpasswd: { realm: "bed", path: join(folder, "htpasswd") } } } : {}),
  };
  const file = join(folder, "config.yml");
  writeFileSync(file, JSON.stringify(configuration));
  const child = spawn(findProgram("docker-registry") ?? "docker-registry", ["serve", file], {
    stdio: "ignore",
  });
  await waitFor("the registry", async () => answers(address, port));
  return {
    server: `${address}:${port}`,
    certificate,
    stop: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Lets the engine trust a registry, by a file that it alone sees. */
export function trustRegistry(nsenterArgs: readonly string[], { server, certificate }: Registry): void {
  const script = `mkdir -p /etc/docker && mount -t tmpfs ds01-bed /etc/docker && mkdir -p "/etc/docker/certs.d/$1" && cp "$2" "/etc/docker/certs.d/$1/ca.crt"`;
  execFileSync("nsenter", [...nsenterArgs, "sh", "-c", script, "sh", server, certificate]);
}

function makeCertificate(folder: string, address: string): void {
  mkdirSync(folder, { recursive: true });
  const line = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bed -addext subjectAltName=IP:${address}`;
  const files = ["-keyout", join(folder, "ca.key"), "-out", join(folder, "ca.crt")];
  execFileSync("openssl", [...line.split(" "), ...files], { stdio: "pipe" });
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  server.listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
