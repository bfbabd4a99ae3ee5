import type { Verb } from "./verb.ts";
import { verbsInside } from "./verbs-inside.ts";

/** Every verb, in the order of the help text. A new verb is one file and one row here. */
export const verbs: readonly Verb[] = [
  {
    name: "get",
    group: "Look",
    summary: "List objects, or show one",
    load: async () => (await import("./verbs/get.ts")).get,
  },
  {
    name: "describe",
    group: "Look",
    summary: "Tell what an object does, why, and what happens next",
    load: async () => (await import("./verbs/describe.ts")).describe,
  },
  {
    name: "queue",
    group: "Look",
    summary: "Show who waits for GPUs, in order, and when they are expected to start",
    load: async () => (await import("./verbs/queue.ts")).queue,
  },
  {
    name: "why",
    group: "Look",
    summary: "Say in one paragraph why a container waits, or is what it is",
    load: async () => (await import("./verbs/why.ts")).why,
  },
  {
    name: "events",
    group: "Look",
    summary: "Show what happened",
    load: async () => (await import("./verbs/events.ts")).events,
  },
  {
    name: "top",
    group: "Look",
    summary: "Watch what goes on at the GPUs",
    load: async () => (await import("./verbs/top.ts")).top,
  },
  {
    name: "stats",
    group: "Look",
    summary: "Watch what containers use, as `top containers` does",
    load: async () => (await import("./verbs/stats.ts")).stats,
  },
  {
    name: "gpu",
    group: "Look",
    summary: "Check whether a GPU may be used now",
    load: async () => (await import("./verbs/gpu.ts")).gpu,
  },
  {
    name: "limits",
    group: "Look",
    summary: "Show what a user may have, and where it is set",
    load: async () => (await import("./verbs/limits.ts")).limits,
  },
  {
    name: "usage",
    group: "Look",
    summary: "Show what everybody uses now",
    load: async () => (await import("./verbs/usage.ts")).usage,
  },
  {
    name: "logs",
    group: "Look",
    summary: "Print what a container wrote",
    load: async () => (await import("./verbs/logs.ts")).logs,
  },
  {
    name: "explain",
    group: "Look",
    summary: "Document a kind or one of its fields",
    load: async () => (await import("./verbs/explain.ts")).explain,
  },
  {
    name: "wait",
    group: "Look",
    summary: "Wait until an object is as wanted",
    load: async () => (await import("./verbs/wait.ts")).wait,
  },
  {
    name: "apply",
    group: "Change",
    summary: "Create or change objects from files",
    load: async () => (await import("./verbs/apply.ts")).apply,
  },
  {
    name: "create",
    group: "Change",
    summary: "Declare a new container from flags, or by answering questions",
    load: async () => (await import("./verbs/create.ts")).create,
  },
  {
    name: "delete",
    group: "Change",
    summary: "Delete objects",
    load: async () => (await import("./verbs/delete.ts")).deleteVerb,
  },
  {
    name: "undelete",
    group: "Change",
    summary: "Bring back what was deleted within the last day",
    load: async () => (await import("./verbs/undelete.ts")).undelete,
  },
  {
    name: "start",
    group: "Change",
    summary: "Declare that a container should run",
    load: async () => (await import("./verbs/start.ts")).start,
  },
  {
    name: "keepalive",
    group: "Change",
    summary: "Keep a container from being stopped for idleness for a while",
    load: async () => (await import("./verbs/keepalive.ts")).keepalive,
  },
  {
    name: "stop",
    group: "Change",
    summary: "Declare that a container should be stopped",
    load: async () => (await import("./verbs/stop.ts")).stop,
  },
  {
    name: "restart",
    group: "Change",
    summary: "Have a container stopped and started again",
    load: async () => (await import("./verbs/restart.ts")).restart,
  },
  {
    name: "pause",
    group: "Change",
    summary: "Declare that a container should hold still",
    load: async () => (await import("./verbs/pause.ts")).pause,
  },
  {
    name: "unpause",
    group: "Change",
    summary: "Declare that a paused container should go on",
    load: async () => (await import("./verbs/unpause.ts")).unpause,
  },
  {
    name: "sync",
    group: "Change",
    summary: "Look for newer revisions of Git sources now",
    load: async () => (await import("./verbs/sync.ts")).sync,
  },
  {
    name: "prune",
    group: "Change",
    summary: "Show or confirm deletions that the prune guard holds back",
    load: async () => (await import("./verbs/prune.ts")).prune,
  },
  {
    name: "cordon",
    group: "Change",
    summary: "Have a GPU handed out no more",
    load: async () => (await import("./verbs/cordon.ts")).cordon,
  },
  {
    name: "uncordon",
    group: "Change",
    summary: "Have a GPU handed out again",
    load: async () => (await import("./verbs/uncordon.ts")).uncordon,
  },
  {
    name: "drain",
    group: "Change",
    summary: "Cordon a GPU, and have its containers moved",
    load: async () => (await import("./verbs/drain.ts")).drain,
  },
  {
    name: "emergency-stop",
    group: "Change",
    summary: "Stop everything of a user, or of all, at once",
    load: async () => (await import("./verbs/emergency-stop.ts")).emergencyStop,
  },
  {
    name: "suspend",
    group: "Change",
    summary: "Leave a Git source as it is, whatever is pushed",
    load: async () => (await import("./verbs/suspend.ts")).suspend,
  },
  {
    name: "resume",
    group: "Change",
    summary: "End an emergency stop, or the suspension of a source",
    load: async () => (await import("./verbs/resume.ts")).resume,
  },
  ...verbsInside,
  {
    name: "validate",
    group: "Check",
    summary: "Check spec files without a controller",
    load: async () => (await import("./verbs/validate.ts")).validate,
  },
  {
    name: "diff",
    group: "Check",
    summary: "Show what applying files would change and do",
    load: async () => (await import("./verbs/diff.ts")).diff,
  },
  {
    name: "allocate",
    group: "Check",
    summary: "Show which devices a spec would get now, and why",
    load: async () => (await import("./verbs/allocate.ts")).allocate,
  },
  {
    name: "import",
    group: "Check",
    summary: "Turn command lines and files of other tools into specs",
    load: async () => (await import("./verbs/import.ts")).importVerb,
  },
  {
    name: "export",
    group: "Check",
    summary: "Print a container as a docker run or a compose file, to run without ds01",
    load: async () => (await import("./verbs/export.ts")).exportVerb,
  },
  {
    name: "doctor",
    group: "Check",
    summary: "Find what is wrong with this installation",
    load: async () => (await import("./verbs/doctor.ts")).doctor,
  },
  {
    name: "version",
    group: "Check",
    summary: "Print the versions of client and controller",
    load: async () => (await import("./verbs/version.ts")).version,
  },
  {
    name: "kubeconfig",
    group: "Run",
    summary: "Let kubectl reach this controller",
    load: async () => (await import("./verbs/kubeconfig.ts")).kubeconfig,
  },
  {
    name: "kube-token",
    group: "Run",
    summary: "Print a token for kubectl, which runs this by itself",
    load: async () => (await import("./verbs/kube-token.ts")).kubeToken,
  },
  {
    name: "controller",
    group: "Run",
    summary: "Run the controller",
    load: async () => (await import("./verbs/controller.ts")).controller,
  },
];

/** The verb of that name, or undefined. */
export function verbByName(name: string): Verb | undefined {
  return verbs.find((verb) => verb.name === name);
}
