import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { GitBed } from "./git-repository.ts";

/** Somebody with a key to sign with, and what the configuration is told of it. */
export interface GitSigner {
  readonly kind: "gpg" | "ssh";
  /** As a good signature tells it. */
  readonly name: string;
  /** What stands in the file of those who may sign. */
  readonly publicKey: string;
  /** Options of Git to sign as this one. */
  readonly options: readonly string[];
}

/** A signer with a key of ssh; `limits` stands in the line of allowed signers. */
export function sshSigner(folder: string, user: string, limits = 'namespaces="git"'): GitSigner {
  const file = join(folder, `${user}-ssh`);
  run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", user, "-f", file);
  const [type = "", key = ""] = readFileSync(`${file}.pub`, "utf8").split(" ");
  const name = `${user}@example.org`;
  return {
    kind: "ssh",
    name,
    publicKey: `${name} ${limits} ${type} ${key}\n`,
    options: ["-c", "gpg.format=ssh", "-c", `user.signingkey=${file}`],
  };
}

/** A signer with a key of gpg, in a keyring of its own; `now` is the time that it believes in (20250101T000000). */
export function gpgSigner(folder: string, user: string, now?: string): GitSigner & { readonly home: string } {
  const home = join(folder, `${user}-gpg`);
  mkdirSync(home, { mode: 0o700 });
  const time = now === undefined ? [] : [`--faked-system-time=${now}!`];
  const always = ["--homedir", home, "--batch", "--pinentry-mode=loopback", "--passphrase=", ...time];
  const name = `${user} <${user}@example.org>`;
  onTestFinished(() => void run("gpgconf", "--homedir", home, "--kill", "all"));
  run("gpg", ...always, "--quiet", "--quick-gen-key", name, "ed25519", "sign", "7d");
  const program = join(folder, `${user}-gpg-program`);
  writeFileSync(program, `#!/bin/sh\nexec gpg ${always.join(" ")} "$@"\n`, { mode: 0o755 });
  return {
    kind: "gpg",
    name,
    home,
    publicKey: run("gpg", ...always, "--armor", "--export", user),
    options: ["-c", "gpg.format=openpgp", "-c", `gpg.program=${program}`, "-c", `user.signingkey=${user}`],
  };
}

/** The public key of a signer who has revoked it. */
export function revokedKey({ home }: { readonly home: string }): string {
  const folder = join(home, "openpgp-revocs.d");
  const [name = ""] = readdirSync(folder);
  // As it is kept, a colon makes it unusable by accident.
  const certificate = join(folder, "usable");
  writeFileSync(certificate, readFileSync(join(folder, name), "utf8").replace(/^:(?=-----BEGIN)/m, ""));
  importKeys(home, certificate);
  return run("gpg", "--homedir", home, "--batch", "--armor", "--export");
}

/** Puts what a file holds into a keyring. */
export function importKeys(home: string, file: string): void {
  run("gpg", "--homedir", home, "--batch", "--quiet", "--import", file);
}

/** Commits all there is as signed by somebody (null: by nobody) and pushes it; the commit. */
export function pushSigned(git: GitBed, signer: GitSigner | null): string {
  git.git("add", "--all");
  const signing = signer === null ? "--no-gpg-sign" : "--gpg-sign";
  git.git(...(signer?.options ?? []), "commit", "--quiet", "--allow-empty", signing, "--message", "change");
  git.git("push", "--quiet", "--force", "origin", "HEAD:main");
  return git.git("rev-parse", "HEAD").trim();
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
