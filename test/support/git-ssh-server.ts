import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { findProgram } from "../bed/requirements.ts";
import { waitFor } from "../bed/wait-for.ts";
import { freePort, isListening } from "./local-port.ts";

/** A real sshd on a port of this machine, with keys and settings of its own, that runs nothing but what fetches and, where told, pushes. */
export class GitSshServer {
  readonly #folder: string;
  #port = 0;
  #process: ChildProcess | undefined;
  /** Whether those who log in may push; counts from the next start on. */
  takesPushes = false;

  constructor(folder: string) {
    this.#folder = join(folder, "sshd");
    mkdirSync(this.#folder);
    this.authorize("");
    this.changeHostKey();
  }

  /** Who may log in, as lines of authorized_keys. */
  authorize(publicKeys: string): void {
    writeFileSync(join(this.#folder, "authorized_keys"), publicKeys, { mode: 0o600 });
  }

  /** What the server shows of itself; counts from the next start on. */
  changeHostKey(): void {
    const file = join(this.#folder, "host");
    rmSync(file, { force: true });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  }

  /** What a file of known hosts needs to hold. */
  get knownHosts(): string {
    return `[127.0.0.1]:${this.#port} ${readFileSync(join(this.#folder, "host.pub"), "utf8")}`;
  }

  /** The URL of a repository of this machine. */
  urlOf(path: string): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.#port}${path}`;
  }

  /** From now on, it stops in the midst of what it sends, and goes on with nothing. */
  set hangs(wanted: boolean) {
    const file = join(this.#folder, "hang");
    if (wanted) writeFileSync(file, "");
    else rmSync(file, { force: true });
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const at = (name: string): string => join(this.#folder, name);
    const serve = `#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in "git-upload-pack "*) ;; ${this.takesPushes ? '"git-receive-pack "*) ;;' : ""} *) exit 1 ;; esac
[ -e '${at("hang")}' ] || exec sh -c "$SSH_ORIGINAL_COMMAND"
sh -c "$SSH_ORIGINAL_COMMAND" | head -c 20000
while [ -e '${at("hang")}' ]; do sleep 0.1; done
`;
    writeFileSync(at("serve"), serve, { mode: 0o755 });
    const settings = {
      Port: this.#port,
      ListenAddress: "127.0.0.1",
      HostKey: at("host"),
      AuthorizedKeysFile: at("authorized_keys"),
      StrictModes: "no",
      UsePAM: "no",
      PidFile: "none",
      PasswordAuthentication: "no",
      KbdInteractiveAuthentication: "no",
      PermitRootLogin: "prohibit-password",
      AcceptEnv: "GIT_PROTOCOL",
      ForceCommand: at("serve"),
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(at("config"), lines.join(""));
    // Where sshd wants an empty directory; usually made at boot.
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    this.#process = spawn(findProgram("sshd") ?? "sshd", ["-D", "-e", "-f", at("config")], {
      stdio: "ignore",
    });
    await waitFor("sshd to listen", () => isListening(this.#port));
  }

  async stop(): Promise<void> {
    this.hangs = false;
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    await ended;
    this.#process = undefined;
  }
}
