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
  client: { layers: ["util", "api"], packages: null, pure: false },
  server: { layers: ["util", "api", "core", "ports", "controller"], packages: null, pure: false },
  cli: { layers: ["util", "api", "client"], packages: null, pure: false },
  "daemon.ts": {
    layers: ["util", "api", "core", "ports", "adapters", "controller", "server", "cli"],
    packages: null,
    pure: false,
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
