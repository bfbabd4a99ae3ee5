import { spawn } from "node:child_process";
import { basename, dirname } from "node:path";
import type { OwnerAccount } from "../../core/account/owner-account.ts";
import type { OwnerFiles } from "../../ports/owner-files.ts";
import { messageOf, StalledError, WaitingError } from "../../util/errors.ts";
import { formatBytes } from "../../util/quantity.ts";
import { missingPrograms } from "./missing-programs.ts";

export interface OwnerFilesOptions {
  /** As whom ds01 runs; the process's own user unless told. */
  readonly ownUid?: number;
  /** How long a program may take, in milliseconds: a server of files that is away must not hold a worker for ever. */
  readonly deadlineMs?: number;
  /** Where programs are looked for. */
  readonly path?: string;
}

const tar = { name: "tar", of: "GNU tar" };

/** Where the programs are mostly. */
const programPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Exit codes of the script that reads; the program it runs has others. */
const [notThere, notRegular] = [68, 69];

/** Files of this host, touched only by processes that run as their owner: mkdir(1), touch(1), cat(1), readlink(1) and tar(1). */
export function ownerFiles(options: OwnerFilesOptions = {}): OwnerFiles {
  const { ownUid = process.getuid?.() ?? 0, deadlineMs = 15_000, path: programs = programPath } = options;

  /** The command as the owner runs it, whose groups count as well. */
  function asOwner(command: readonly string[], { name, uid, gid, groups }: OwnerAccount): readonly string[] {
    if (ownUid === uid) return command;
    const others = groups.length === 0 ? "--clear-groups" : `--groups=${groups.map((one) => one.gid).join()}`;
    if (ownUid === 0) return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, others, "--", ...command];
    throw new StalledError({
      reason: "NotRoot",
      message: `ds01 does not run as root and cannot act as ${name}`,
      remedy: "make the files by hand, or run the controller as root",
    });
  }

  /** Where a path leads; empty where the owner cannot tell. */
  async function placeOf(path: string, owner: OwnerAccount): Promise<string> {
    const command = asOwner(["readlink", "--canonicalize-existing", "--", path], owner);
    const { output } = await run(command, { deadlineMs, maximumBytes: 8192, programs });
    return output.toString();
  }

  return {
    // Another user cannot be acted as, so that setpriv would be of no use.
    missingPrograms: () =>
      missingPrograms(ownUid === 0 ? [tar, { name: "setpriv", of: "util-linux" }] : [tar], programs),

    async make(path, kind, owner) {
      const program = kind === "Directory" ? 'mkdir -p -- "$1"' : 'touch -- "$1"';
      const command = asOwner(["sh", "-c", `umask 022; exec ${program}`, "sh", path], owner);
      const { status, complaint } = await run(command, { deadlineMs, maximumBytes: 4096, programs });
      if (status === 0) return;
      throw new StalledError({
        reason: "HostPathNotMade",
        message: `${path} cannot be made as ${owner.name}: ${complaint}`,
        remedy: "make it by hand, or let its owner write the directory above it",
      });
    },

    async read(path, maximumBytes, owner) {
      const script = `[ -e "$1" ] || exit ${notThere}; [ -f "$1" ] || exit ${notRegular}; exec cat -- "$1"`;
      const command = asOwner(["sh", "-c", script, "sh", path], owner);
      const { status, output, complaint, tooMuch } = await run(command, {
        deadlineMs,
        maximumBytes,
        programs,
      });
      if (tooMuch) return { type: "unreadable", why: `it holds more than ${formatBytes(maximumBytes)}` };
      if (status === 0) return { type: "content", content: output };
      if (status === notThere) return { type: "missing" };
      return { type: "unreadable", why: status === notRegular ? "it is not a regular file" : complaint };
    },

    async archive({ path, to, as, maximumBytes }, owner) {
      const renamed = to.replace(/^\/+/, "").replaceAll(/[\\&,]/g, String.raw`\$&`);
      const command = ["tar", "--create", "--format=gnu", "--hard-dereference"];
      command.push(`--owner=:${as.uid}`, `--group=:${as.gid}`);
      // The first part of every name is what was copied; targets of links stay.
      command.push(`--transform=flags=rH;s,^[^/]*,${renamed},`);
      command.push(`--directory=${dirname(path)}`, "--", basename(path));
      const before = await placeOf(path, owner);
      const outcome = await run(asOwner(command, owner), { deadlineMs, maximumBytes, programs });
      // Files of a source that are out of use become others in place: what was packed may be of both.
      if ((await placeOf(path, owner)) !== before) {
        throw new WaitingError({
          reason: "CopyChanged",
          message: `${path} was replaced or removed while it was copied`,
        });
      }
      if (outcome.tooMuch) {
        throw new StalledError({
          reason: "CopyTooLarge",
          message: `${path} holds more than ${formatBytes(maximumBytes)}`,
          remedy: "mount it (spec.volumes), or copy less",
        });
      }
      if (outcome.status === 0) return outcome.output;
      throw new StalledError({
        reason: "CopyFailed",
        message: `${path} cannot be read as ${owner.name}: ${outcome.complaint}`,
        remedy: "let its owner read it",
      });
    },
  };
}

interface RunOptions {
  readonly deadlineMs: number;
  readonly maximumBytes: number;
  readonly programs: string;
}

interface Outcome {
  readonly status: number | null;
  readonly output: Buffer;
  readonly complaint: string;
  readonly tooMuch: boolean;
}

/** Runs a program to its end; it is killed when it takes too long or says more than it may. */
async function run(
  [program = "", ...parameters]: readonly string[],
  { deadlineMs, maximumBytes, programs }: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: programs, LC_ALL: "C" },
      cwd: "/",
      timeout: deadlineMs,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maximumBytes) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = `${complaint}${String(chunk)}`.slice(0, 1000);
    });
    const end = (status: number | null, said: string): void => {
      const late = status === null && bytes <= maximumBytes ? `no answer within ${deadlineMs} ms` : "";
      resolve({
        status,
        output: Buffer.concat(chunks),
        complaint: said.trim() || late,
        tooMuch: bytes > maximumBytes,
      });
    };
    child.once("error", (error) => end(-1, messageOf(error)));
    child.once("close", (status) => end(status, complaint));
  });
}
