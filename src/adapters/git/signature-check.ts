import { access, constants, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../util/errors.ts";
import { GitFailure } from "./git-failure.ts";
import { fetchedRef, type GitRepository } from "./git-repository.ts";
import type { GitSettings } from "./git-settings.ts";
import { runGit } from "./run-git.ts";
import { objections, signatureKind, signerIn } from "./signature-verdict.ts";

/** Every key of the file counts, no other one, and nothing is asked of a network or an agent. */
const gpgOptions = [
  "--no-options",
  "--batch",
  "--no-tty",
  "--no-autostart",
  "--disable-dirmngr",
  "--no-auto-key-retrieve",
  "--no-auto-check-trustdb",
  "--trust-model=always",
];
const gpgProgram = `#!/bin/sh\nexec gpg ${gpgOptions.join(" ")} "$@"\n`;

/** Git names the time that the commit claims. What counts is whether the key is good now, as with gpg. */
const sshProgram = `#!/bin/sh
for argument; do
  shift
  case $argument in -Overify-time=*) ;; *) set -- "$@" "$argument" ;; esac
done
exec ssh-keygen "$@"
`;

/** With no program, signatures of the other kinds are never good. */
const noProgram = "/bin/false";

export interface SignatureCheckOptions extends Pick<GitSettings, "verify" | "ref"> {
  /** Of the check alone, for a program and a keyring: never that of root. It is there only while they are used. */
  readonly directory: string;
}

/** A good signature. */
export interface Signed {
  /** Whose it is. */
  readonly signer: string;
  /** When it was made, as the commit or tag claims; in milliseconds since the epoch. */
  readonly signedAt: number;
}

/** Whether what was fetched is signed by whom the configuration names, as Git itself finds. */
export class SignatureCheck {
  readonly #options: SignatureCheckOptions;

  constructor(options: SignatureCheckOptions) {
    this.#options = options;
  }

  /**
   * The signature of the commit, or the tag, that was fetched last; undefined where none is asked for.
   * GitFailure SignatureMissing, SignatureInvalid, SignersUnreadable or SignatureProgramMissing.
   */
  async check(repository: GitRepository, signal: AbortSignal): Promise<Signed | undefined> {
    const { verify, ref } = this.#options;
    if (verify === undefined) return undefined;
    const id = (await repository.read(["rev-parse", "--verify", fetchedRef], signal)).trim();
    const type = (await repository.read(["cat-file", "-t", id], signal)).trim();
    const text = await repository.read(["cat-file", type, id], signal);
    const wanted = verify.gpg === undefined ? "ssh" : "gpg";
    const what = `the ${type} ${id.slice(0, 12)}`;
    const found = signatureKind(text, type);
    if (found === undefined) {
      throw new GitFailure({
        reason: "SignatureMissing",
        message: `${what} is not signed`,
        remedy: `push one that is signed (git ${type === "tag" ? "tag -s" : "commit -S"}) by somebody of sources[].git.verify`,
      });
    }
    if (found !== wanted) throw invalid(`${what} is signed by ${found}, where ${wanted} is asked for`);
    // Signed tags of old must not pass for new ones.
    const name = /^tag (.*)$/m.exec(text)?.[1] ?? "";
    if (type === "tag" && ref !== `refs/tags/${name}`) {
      throw invalid(`${what} was signed as ${name}, and stands at ${ref}`);
    }
    const signer = await this.#verified({ id, type, what }, repository, signal);
    return { signer, signedAt: signedAt(text) };
  }

  async #verified(
    { id, type, what }: { readonly id: string; readonly type: string; readonly what: string },
    repository: GitRepository,
    signal: AbortSignal,
  ): Promise<string> {
    const { directory } = this.#options;
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      const settings = await this.#settings(signal);
      const options = Object.entries(settings).flatMap(([key, value]) => ["-c", `gpg.${key}=${value}`]);
      const { code, stderr } = await repository.run(
        [...options, type === "tag" ? "verify-tag" : "verify-commit", "--raw", id],
        signal,
        { environment: { GNUPGHOME: directory } },
      );
      const signer = signerIn(stderr);
      if (code === 0 && signer !== undefined) return signer;
      throw invalid(`${what} has no good signature: ${objections(stderr)}`);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** What Git is told for this one call, whatever its configuration says. */
  async #settings(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { gpg, ssh } = this.#options.verify ?? {};
    const program = join(this.#options.directory, "program");
    await mustBeReadable(gpg?.keys ?? ssh?.allowedSigners ?? "");
    await writeFile(program, gpg === undefined ? sshProgram : gpgProgram, { mode: 0o700 });
    if (gpg !== undefined) await this.#importKeys(gpg.keys, signal);
    // Only to see that it is there: it says how it is used.
    else await this.#run("ssh-keygen", ["-Y"], signal);
    return {
      minTrustLevel: "undefined",
      program: gpg === undefined ? noProgram : program,
      "ssh.program": gpg === undefined ? program : noProgram,
      "ssh.allowedSignersFile": ssh?.allowedSigners ?? "/dev/null",
      "x509.program": noProgram,
    };
  }

  /** All of them or none: what could not be read may have been a revocation. */
  async #importKeys(file: string, signal: AbortSignal): Promise<void> {
    const args = [...gpgOptions, "--status-fd=1", "--import", "--", file];
    const { code, stdout, stderr } = await this.#run("gpg", args, signal);
    if (code === 0 && stdout.includes("[GNUPG:] IMPORT_OK")) return;
    throw unreadable(file, objections(stderr));
  }

  async #run(
    program: "gpg" | "ssh-keygen",
    args: readonly string[],
    signal: AbortSignal,
  ): ReturnType<typeof runGit> {
    const { directory } = this.#options;
    const environment = {
      PATH: process.env["PATH"] ?? "",
      LC_ALL: "C",
      HOME: directory,
      GNUPGHOME: directory,
    };
    return runGit({ program, args, environment, directory, signal });
  }
}

/** The time of whoever committed or tagged, which is part of what is signed. */
function signedAt(text: string): number {
  const header = text.slice(0, text.indexOf("\n\n"));
  const [, seconds = "0"] = /^(?:committer|tagger) .* (\d+) [+-]\d{4}$/m.exec(header) ?? [];
  return Number(seconds) * 1000;
}

async function mustBeReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (error) {
    throw unreadable(file, messageOf(error));
  }
}

function unreadable(file: string, why: string): GitFailure {
  return new GitFailure({
    reason: "SignersUnreadable",
    message: `${file} tells no signers: ${why}`,
    remedy: "put their public keys there; it is read anew at each revision",
  });
}

function invalid(message: string): GitFailure {
  return new GitFailure({
    reason: "SignatureInvalid",
    message,
    remedy: "push one that a signer of sources[].git.verify has signed, or add who it is to the file there",
  });
}
