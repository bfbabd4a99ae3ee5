import { Ds01Error } from "../../util/errors.ts";

/** Why a revision could not be had, or is not taken; what was in effect stays so. */
export class GitFailure extends Ds01Error {}

/** Where Git or ds01 itself finds the disk full. */
export const diskFull = {
  reason: "SourceDiskFull",
  message: "there is no space left for what is fetched",
  remedy: "free disk space in the state directory",
} as const;

/** What Git says, in English as it is asked to, and what that means; the first that fits. */
const meanings: readonly {
  readonly reason: string;
  readonly pattern: RegExp;
  readonly message: string;
  readonly remedy: string;
}[] = [
  {
    ...diskFull,
    pattern: /No space left on device|Disk quota exceeded|Out of diskspace/,
  },
  {
    reason: "RevisionMalformed",
    pattern: /fsck error in packed object|^error: object [0-9a-f]+: /m,
    message: "the revision has something in it that Git takes for damage or an attack",
    remedy: "push a revision without it",
  },
  {
    reason: "HostKeyUnknown",
    pattern: /Host key verification failed|No \S+ host key is known/,
    message: "the server's key is not known, or another one",
    remedy: "put what ssh-keyscan prints into the file of credentials.knownHosts, after comparing it",
  },
  {
    reason: "CertificateUntrusted",
    pattern:
      /certificate verif|SSL certificate problem|certificate subject name|Problem with the SSL CA cert/,
    message: "the server's certificate is of no authority that is trusted, or of another server",
    remedy:
      "name the file of its authority in sources[].git.caFile, or have the server's certificate renewed",
  },
  {
    reason: "AuthenticationFailed",
    pattern:
      // As ssh says it: what is said of a file, without more, is about files of this machine.
      /Authentication failed|could not read (?:Username|Password)|Permission denied(?: \(|, please)|returned error: 40[13]|Access denied|not authorized/,
    message: "the server does not let ds01 in",
    remedy: "renew the key or token in sources[].git.credentials; it is read anew at each try",
  },
  {
    reason: "RevisionNotFound",
    pattern: /couldn't find remote ref|not our ref|does not allow request for unadvertised object/,
    message: "the repository has no such branch, tag or commit",
    remedy: "push it again, or correct sources[].git.ref",
  },
  {
    reason: "RepositoryNotFound",
    pattern: /[Rr]epository '?[^\n]*'? not found|does not appear to be a git repository|returned error: 404/,
    message: "there is no such repository, or ds01 may not see it",
    remedy: "correct sources[].git.url, or give ds01 access",
  },
  {
    reason: "SourceUnreachable",
    pattern:
      /Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out|closed)|unable to access|Network is unreachable|No route to host|early EOF|unexpected disconnect|Could not read from remote repository|hung up unexpectedly/,
    message: "the server cannot be reached",
    remedy: "nothing: it is tried again by itself",
  },
];

/** The failure that a call of Git tells of in `stderr`, whose first words go with it. */
export function failureFrom(what: string, stderr: string): GitFailure {
  const known = meanings.find(({ pattern }) => pattern.test(stderr));
  const said = complaint(stderr, known?.pattern);
  const details = said === "" ? "" : ` (${said})`;
  if (known === undefined) {
    return new GitFailure({ reason: "SyncFailed", message: `${what} failed${details}` });
  }
  const { reason, message, remedy } = known;
  return new GitFailure({ reason, message: `${message}${details}`, remedy });
}

/** The line that says why, without anything that could be a login in an address. */
function complaint(stderr: string, pattern: RegExp | undefined): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const telling = lines.find((one) => pattern?.test(one));
  const line = telling ?? lines.find((one) => /^(?:fatal|error|remote):/.test(one)) ?? lines[0] ?? "";
  return line.replaceAll(/:\/\/[^\s/@]*@/g, "://").slice(0, 300);
}
