import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../bed/requirements.ts";
import { waitFor } from "../bed/wait-for.ts";
import { freePort, isListening } from "./local-port.ts";

/** A real sshd that lets this user in, and the ssh of a laptop that knows it as `gpu1`. */
export class SshLogin {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined where this machine has no sshd or no ssh. `path` is the PATH of who logs in. */
  static async start(parent: string, path: string): Promise<SshLogin | undefined> {
    const sshd = findProgram("sshd");
    if (sshd === undefined || findProgram("ssh") === undefined) return undefined;
    const folder = join(parent, "login");
    mkdirSync(folder);
    const at = (name: string): string => join(folder, name);
    for (const key of ["host", "own"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
    }
    const port = await freePort();
    const server = {
      Port: port,
      ListenAddress: "127.0.0.1",
      HostKey: at("host"),
      AuthorizedKeysFile: at("own.pub"),
      StrictModes: "no",
      UsePAM: "no",
      PidFile: "none",
      PasswordAuthentication: "no",
      KbdInteractiveAuthentication: "no",
      PermitRootLogin: "prohibit-password",
      SetEnv: `PATH=${path}`,
    };
    const client = {
      HostName: "127.0.0.1",
      Port: port,
      User: userInfo().username,
      IdentityFile: at("own"),
      IdentitiesOnly: "yes",
      UserKnownHostsFile: at("known"),
      StrictHostKeyChecking: "yes",
      BatchMode: "yes",
    };
    writeFileSync(at("known"), `[127.0.0.1]:${port} ${readFileSync(at("host.pub"), "utf8")}`);
    writeFileSync(at("server"), linesOf(server));
    writeFileSync(at("client"), `Host gpu1\n${linesOf(client)}`);
    // What a laptop has in ~/.ssh/config: kubectl runs plain `ssh gpu1 ...`.
    mkdirSync(at("bin"));
    writeFileSync(
      join(at("bin"), "ssh"),
      `#!/bin/sh\nexec ${findProgram("ssh")} -F '${at("client")}' "$@"\n`,
      {
        mode: 0o755,
      },
    );
    // Where sshd wants an empty directory; usually made at boot.
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const login = new SshLogin(folder);
    login.#children.push(spawn(sshd, ["-D", "-e", "-f", at("server")], { stdio: "ignore" }));
    await waitFor("sshd to listen", () => isListening(port));
    return login;
  }

  /** A directory with the laptop's `ssh`. */
  get programs(): string {
    return join(this.#folder, "bin");
  }

  /** What a command writes that is run on the server. */
  async run(...line: readonly string[]): Promise<string> {
    // Whatever is asked may run in this very process: it must not stand still.
    const options = { timeout: 120_000, killSignal: "SIGKILL" as const };
    return (await promisify(execFile)(join(this.programs, "ssh"), ["gpu1", ...line], options)).stdout;
  }

  /** `ssh -N -L PORT:127.0.0.1:TARGET gpu1`; the port. */
  async forward(target: number): Promise<number> {
    const port = await freePort();
    const line = ["-N", "-L", `${port}:127.0.0.1:${target}`, "gpu1"];
    this.#children.push(spawn(join(this.programs, "ssh"), line, { stdio: "ignore" }));
    await waitFor("the forwarded port", () => isListening(port));
    return port;
  }

  async end(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      child.kill("SIGTERM");
      await ended;
    }
  }
}

function linesOf(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key} ${value}\n`)
    .join("");
}
