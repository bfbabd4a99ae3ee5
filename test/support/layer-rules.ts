/** What a layer's files may import: other layers of src, and packages; `packages: null` allows every dependency. */
export interface LayerRule {
  readonly layers: readonly string[];
  readonly packages: readonly string[] | null;
  /** True where no clock, randomness, environment or I/O may be touched. */
  readonly pure: boolean;
}

/** Layers of src from the lowest to the highest; a row names everything below it that it may know. */
export const layerRules: Readonly<Record<string, LayerRule>> = {
  util: { layers: [], packages: ["node:crypto", "leven"], pure: true },
  api: { layers: ["util"], packages: ["zod", "yaml"], pure: true },
  core: { layers: ["util", "api"], packages: ["xstate"], pure: true },
  ports: { layers: ["util", "api", "core"], packages: ["node:stream"], pure: false },
  adapters: { layers: ["util", "api", "core", "ports"], packages: null, pure: false },
  controller: { layers: ["util", "api", "core", "ports"], packages: null, pure: false },
  // It knows of a controller's two doors, and of nothing else that could answer.
  client: {
    layers: ["util", "api"],
    packages: ["node:http", "node:https", "node:net", "node:stream", "ws"],
    pure: false,
  },
  server: { layers: ["util", "api", "core", "ports", "controller"], packages: null, pure: false },
  // What lives is the API's to tell: files, sockets and programs of the machine are for `localFiles`.
  cli: {
    layers: ["util", "api", "client"],
    packages: [
      "node:os",
      "node:path",
      "node:readline/promises",
      "node:stream",
      "node:stream/consumers",
      "node:stream/promises",
      "node:timers/promises",
      "node:util",
      "picomatch",
      "yaml",
    ],
    pure: false,
  },
  "daemon.ts": {
    layers: ["util", "api", "core", "ports", "adapters", "controller", "server", "cli"],
    packages: null,
    pure: false,
  },
};

/** What a file of the command line may import beyond its layer, and why it does not ask the API. */
export interface LocalFile {
  readonly packages: readonly string[];
  readonly why: string;
}

/** Files of the command line that touch this machine themselves; none of them tells of objects that live. */
export const localFiles: Readonly<Record<string, LocalFile>> = {
  "cli/spec-files.ts": { packages: ["node:fs/promises"], why: "specs that a person names (-f)" },
  "cli/import-compose.ts": { packages: ["node:fs/promises"], why: "files of Compose that a person names" },
  "cli/limits-files.ts": { packages: ["node:fs/promises"], why: "files of the older scripts, to import" },
  "cli/write-new-files.ts": {
    packages: ["node:fs/promises"],
    why: "specs that import makes, where it is told",
  },
  "cli/copy/copy-in.ts": { packages: ["node:fs", "node:fs/promises"], why: "this end of `cp`" },
  "cli/copy/copy-out.ts": { packages: ["node:fs", "node:fs/promises"], why: "this end of `cp`" },
  "cli/copy/pack.ts": { packages: ["node:fs", "node:fs/promises"], why: "this end of `cp`" },
  "cli/copy/unpack.ts": { packages: ["node:fs", "node:fs/promises"], why: "this end of `cp`" },
  "cli/verbs/run.ts": { packages: ["node:fs", "node:fs/promises"], why: "the script that is to run inside" },
  "cli/verbs/port-forward.ts": { packages: ["node:net"], why: "this end of `port-forward`" },
  "cli/raw-terminal.ts": { packages: ["node:child_process"], why: "stty, for the terminal of a person" },
  "cli/kubeconfig-file.ts": { packages: ["node:fs", "node:fs/promises"], why: "~/.kube/config" },
  "cli/verbs/kubeconfig.ts": { packages: ["node:fs"], why: "where ds01 itself stands, for kubectl to run" },
  "cli/package-version.ts": { packages: ["node:fs/promises"], why: "the version of this ds01" },
  "cli/socket-path.ts": { packages: ["node:fs"], why: "whether the user has a controller of their own" },
  "cli/review/controller-to-ask.ts": {
    packages: ["node:fs/promises"],
    why: "the token and the authority of a controller elsewhere",
  },
  "cli/local-checks.ts": {
    packages: ["node:fs/promises", "node:http"],
    why: "`doctor` when no controller answers: whether the configuration, the specs and the engine are there",
  },
};

/** The one import that reaches above its layer: only `ds01 controller` needs the daemon, and only when it runs. */
export const exception = { from: "cli/load-daemon.ts", to: "daemon.ts" } as const;

/** Packages too slow to load for `ds01 get`. */
export const heavyPackages: readonly string[] = [
  "zod",
  "yaml",
  "dockerode",
  "xstate",
  "pino",
  "chokidar",
  "koffi",
  "proper-lockfile",
  "ws",
];

/** What a pure file must not mention, with what to do instead. */
export const impureWords: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\s*\(/, "Date.now(): take the time as a parameter"],
  [/\bnew Date\(\s*\)/, "new Date(): take the time as a parameter"],
  [/\bperformance\.now\b/, "performance.now: take the time as a parameter"],
  [/\bMath\.random\b/, "Math.random: take the number as a parameter"],
  [/\brandomUUID\b|\brandomBytes\b/, "randomness: take the value as a parameter"],
  [
    /\bprocess\.(?:env|argv|cwd|std|hrtime|exit|platform|getuid|memoryUsage)/,
    "process: take what is needed as a parameter",
  ],
  [/\bset(?:Timeout|Interval|Immediate)\s*\(/, "a timer: return when to look again"],
  [/\bfetch\s*\(/, "fetch: I/O belongs to an adapter"],
  [/\bconsole\./, "console: return the text"],
];
