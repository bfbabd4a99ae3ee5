import type { Verb } from "./verb.ts";

/** The verbs that work in a container, in the order of the help text. */
export const verbsInside: readonly Verb[] = [
  {
    name: "shell",
    group: "Inside a container",
    summary: "Open a shell in a container",
    load: async () => (await import("./verbs/shell.ts")).shell,
  },
  {
    name: "attach",
    group: "Inside a container",
    summary: "Connect with a container's own process",
    load: async () => (await import("./verbs/attach.ts")).attach,
  },
  {
    name: "exec",
    group: "Inside a container",
    summary: "Run a command in a container",
    load: async () => (await import("./verbs/exec.ts")).exec,
  },
  {
    name: "cp",
    group: "Inside a container",
    summary: "Copy files into a container or out of it",
    load: async () => (await import("./verbs/cp.ts")).cp,
  },
  {
    name: "run",
    group: "Inside a container",
    summary: "Copy a file into a container and run it there",
    load: async () => (await import("./verbs/run.ts")).run,
  },
  {
    name: "scrap",
    group: "Inside a container",
    summary: "Remove files inside a container, with care",
    load: async () => (await import("./verbs/scrap.ts")).scrap,
  },
  {
    name: "port-forward",
    group: "Inside a container",
    summary: "Reach ports of a container from here",
    load: async () => (await import("./verbs/port-forward.ts")).portForward,
  },
  {
    name: "open",
    group: "Inside a container",
    summary: "Print how to connect to Jupyter or VS Code in a container",
    load: async () => (await import("./verbs/open.ts")).open,
  },
];
