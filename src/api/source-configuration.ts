import { z } from "zod";
import { parseDuration } from "../util/duration.ts";
import { ByteQuantity, Duration } from "./fields.ts";
import { AbsolutePath } from "./path-fields.ts";

const dayMs = 86_400_000;

/** Timers of Node end after 24.8 days: what is longer than they count is over at once. */
const SyncInterval = Duration.refine((text) => (parseDuration(text) ?? 0) <= 7 * dayMs, {
  error: "is longer than a week (7d); for a source that is to stay as it is: ds01 suspend source NAME",
});
const SyncTimeout = Duration.refine((text) => (parseDuration(text) ?? 0) <= dayMs, {
  error: "is longer than a day (1d)",
});

/** A name of a branch or tag as Git takes it, never one that a program could take for an option. */
const RefName = z
  .string()
  .regex(
    /^(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock$|\.$|\/$))[A-Za-z0-9_][A-Za-z0-9._/+@-]*$/,
    "a name of a branch or tag",
  );
const CommitId = z
  .string()
  .regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, "a whole commit id, 40 or 64 hex digits");

/**
 * Where a repository may be. No other transport is ever used: `ext::` runs programs, and what goes over plain http can
 * be changed on its way, but for this very host. Passwords and tokens stand in files of their own.
 */
const GitUrl = z
  .string()
  .regex(
    /^(?:https:\/\/(?:[^\s/:@]+@)?[A-Za-z0-9[][^\s@]*|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\/[^\s@]*|ssh:\/\/(?:[A-Za-z0-9_][^\s/:@]*@)?[A-Za-z0-9[][^\s@]*|[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9[][^\s/:]*:[^\s-][^\s]*|(?:file:\/\/)?\/[^\s]*)$/,
    "https://HOST/PATH, ssh://[USER@]HOST/PATH, USER@HOST:PATH or a path of this host, without a password in it",
  );

/** Below the root of the repository, with no way out of it. */
const PathInRepository = z.string().regex(
  // eslint-disable-next-line no-control-regex -- control characters are what must not stand in a path
  /^(?![^]*(?:^|\/)\.{1,2}(?:\/|$))[^/\s\0-\x1F\x7F][^\0-\x1F\x7F]*$/,
  'a path in the repository, without "." and ".."',
);

/** How ds01 proves to a Git server who it is: by files that only it may read. */
const GitCredentials = z.strictObject({
  sshKey: AbsolutePath.optional().describe("File of a private key without a passphrase."),
  knownHosts: AbsolutePath.optional().describe(
    "File with the server's keys, as ssh-keyscan prints them; those that ssh knows unless told.",
  ),
  tokenFile: AbsolutePath.optional().describe("File with a token or password, read anew at each sync."),
  user: z
    .string()
    .regex(/^[A-Za-z0-9][^\s:]*$/, "a user name")
    .optional()
    .describe("User name that goes with the token; git."),
  helper: z
    .string()
    .regex(/^\/[A-Za-z0-9._/-]+$/, "an absolute path of a program")
    .optional()
    .describe("A credential helper of Git."),
});

/** Who may sign what comes into effect; one of the two, which the configuration as a whole checks. */
const GitSigners = z.strictObject({
  gpg: z
    .strictObject({ keys: AbsolutePath.describe("File with public keys, as gpg --export prints them.") })
    .optional()
    .describe("A signature of gpg."),
  ssh: z
    .strictObject({
      allowedSigners: AbsolutePath.describe("File with a name and a public key a line (ssh-keygen(1))."),
    })
    .optional()
    .describe("A signature made with a key of ssh."),
});

/** Where changes made at the machine may go. */
const GitPush = z.strictObject({
  branches: z
    .array(
      z
        .string()
        .max(200)
        .regex(
          /^(?!refs\/|.*(?:\.\.|\/\/|\/$))(?:[A-Za-z0-9_*]|\{user\})(?:[A-Za-z0-9._/+@*-]|\{user\})*$/,
          "a branch, with * for any part of its name and {user} for who asks",
        ),
    )
    .min(1)
    .describe(
      "Branches that users may push changes of their own files to; `*` stands for any characters but `/`, `{user}` for who asks. Never what is followed.",
    ),
  emailDomain: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, "a name of a host")
    .optional()
    .describe("What follows USER@ in the author of a commit; the name of this host."),
});

const GitRef = z.union([
  RefName,
  z.strictObject({
    branch: RefName.optional(),
    tag: RefName.optional(),
    commit: CommitId.optional(),
  }),
]);

/** A repository that specs are taken from. */
export const GitConfiguration = z.strictObject({
  url: GitUrl.describe("Where the repository is."),
  ref: GitRef.optional().describe(
    "A branch, or one of branch, tag and commit; the branch that the server has as its HEAD.",
  ),
  path: PathInRepository.optional().describe("Directory that holds `users` and `quotas`; the root."),
  interval: SyncInterval.optional().describe("Time between two looks at the server, 7d at most; 1m."),
  timeout: SyncTimeout.optional().describe("A sync that takes longer is ended, 1d at most; 2m."),
  credentials: GitCredentials.optional().describe("How to log in; not at all."),
  proxy: z
    .string()
    .regex(/^(?:https?|socks5h?):\/\/[^\s@]+$/, "http://HOST:PORT, https://… or socks5://…")
    .optional()
    .describe("Proxy for http and https."),
  caFile: AbsolutePath.optional().describe(
    "File with certificates of the authorities that a server's may be signed by; those of the system.",
  ),
  onInvalid: z
    .enum(["file", "revision"])
    .optional()
    .describe("What a file with a mistake holds back: itself, or the whole revision; file."),
  allowEmpty: z
    .boolean()
    .optional()
    .describe("Take a revision without any spec at its word; false, it is an accident."),
  verify: GitSigners.optional().describe(
    "Whose signature the commit, or the tag that is followed, must carry; nobody's.",
  ),
  push: GitPush.optional().describe(
    "Let users push changes to branches for review (`ds01 stop NAME --branch BRANCH`); not at all.",
  ),
  webhook: z
    .strictObject({
      secretFile: AbsolutePath.describe("File with the secret that the forge shares, read anew each time."),
    })
    .optional()
    .describe("Let the forge tell of a push at POST /webhooks/NAME of `api.webhook`; not at all."),
  statusCommand: z
    .array(z.string().min(1))
    .min(1)
    .refine(([program = ""]) => program.startsWith("/"), "the program needs an absolute path")
    .optional()
    .describe("A program and its words that is told what became of a revision, without a shell; none."),
  maximumSize: ByteQuantity.optional().describe("A revision with larger files in all is not taken; 256Mi."),
});
export type GitConfiguration = z.infer<typeof GitConfiguration>;

/** Where specs come from. */
export const SourceConfiguration = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "lower-case letters, digits and -")
      .describe("Name of the source in records and messages."),
    directory: z.strictObject({ path: AbsolutePath }).optional().describe("A directory of this host."),
    git: GitConfiguration.optional().describe("A Git repository."),
  })
  .superRefine((source, context) => {
    if ((source.directory === undefined) === (source.git === undefined)) {
      context.addIssue({ code: "custom", message: "wanted one of directory and git" });
    }
    const ref = source.git?.ref;
    if (typeof ref === "object" && Object.keys(ref).length !== 1) {
      context.addIssue({
        code: "custom",
        path: ["git", "ref"],
        message: "wanted one of branch, tag and commit",
      });
    }
    const credentials = source.git?.credentials;
    if (credentials?.helper !== undefined && credentials.tokenFile !== undefined) {
      const message = "wanted one of tokenFile and helper";
      context.addIssue({ code: "custom", path: ["git", "credentials"], message });
    }
    const { verify } = source.git ?? {};
    if (verify !== undefined && (verify.gpg === undefined) === (verify.ssh === undefined)) {
      context.addIssue({ code: "custom", path: ["git", "verify"], message: "wanted one of gpg and ssh" });
    }
  });
export type SourceConfiguration = z.infer<typeof SourceConfiguration>;

/** All sources; absent, the directory of `specs` is the only one. */
export const SourcesConfiguration = z
  .array(SourceConfiguration)
  .min(1)
  .superRefine((sources, context) => {
    for (const [index, { name }] of sources.entries()) {
      if (sources.findIndex((other) => other.name === name) === index) continue;
      context.addIssue({ code: "custom", path: [index, "name"], message: `there are two sources "${name}"` });
    }
  });
