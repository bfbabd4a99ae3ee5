/** A fault that is done to a whole host, and what must come of it. */
interface Fault {
  readonly fault: string;
  readonly expected: string;
}

/** Every fault of docs/reliability.md in its order; a test records what it has seen of it with `recordFault`. */
export const faults = {
  "engine-stopped": {
    fault: "dockerd ends by SIGTERM without live restore, and is started again",
    expected: "each container is the same one, started again on its GPU; the engine is told to be away",
  },
  "engine-killed": {
    fault: "dockerd ends by SIGKILL without live restore, and is started again",
    expected: "each container is the same one, started again on its GPU",
  },
  "engine-killed-making": {
    fault: "dockerd ends by SIGKILL while it creates and while it starts a container",
    expected: "one container an object, and nothing left over",
  },
  "engine-frozen": {
    fault: "dockerd is stopped by SIGSTOP for 30 s while containers are made and removed",
    expected: "what runs is not touched; what was asked for follows",
  },
  "engine-killed-live": {
    fault: "dockerd ends by SIGKILL with live restore, and is started again",
    expected: "nothing is touched",
  },
  "engine-stopped-live": {
    fault: "dockerd ends by SIGTERM with live restore, and is started again",
    expected: "nothing is touched",
  },
  "engine-disk-full": {
    fault: "the disk of the engine is full",
    expected: "what runs is not touched; what is new waits and says why; it goes on by itself",
  },
  "wire-slow": {
    fault: "every answer of the engine comes 2 s late",
    expected: "all gets done, once",
  },
  "wire-reset": {
    fault: "every connection to the engine is dropped",
    expected: "nothing is concluded from it; afterwards all gets done, once",
  },
  "wire-cut": {
    fault: "the engine's answers end in their middle",
    expected: "nothing is concluded from it; afterwards all gets done, once",
  },
  "wire-500": {
    fault: "the engine answers 500 to everything",
    expected: "nothing is concluded from it; afterwards all gets done, once",
  },
  "wire-409": {
    fault: "the engine answers 409 to every change",
    expected: "nothing is concluded from it; afterwards all gets done, once",
  },
  "wire-lost": {
    fault: "the engine acts, and its answer is lost",
    expected: "what was done is found, and not done twice",
  },
  "wire-late": {
    fault:
      "a create reaches the engine after its controller was killed and the next one has made the container",
    expected: "there is one container, and it is not touched",
  },
  "wire-late-gone": {
    fault: "a create reaches the engine after its controller was killed and its object deleted",
    expected: "the container is removed",
  },
  "state-full": {
    fault: "the state directory is full",
    expected: "it serves, does nothing new, says so, and goes on by itself",
  },
  "state-immutable": {
    fault: "the files of the state directory cannot be written",
    expected: "it serves, does nothing new, says so, and goes on by itself",
  },
  "state-read-only": {
    fault: "the kernel makes the file system of the state directory read-only, as after an error of its disk",
    expected:
      "it serves, does nothing new and says so; goes on when the disk is mended and it is started again",
  },
  "smi-hangs": {
    fault: "nvidia-smi hangs",
    expected: "no GPU is given out and nothing that runs is touched; whoever needs no GPU is not held up",
  },
  "smi-garbage": {
    fault: "nvidia-smi prints what cannot be read, and says that all is well",
    expected: "no GPU is given out and nothing that runs is touched; it goes on by itself",
  },
  "smi-truncated": {
    fault: "what nvidia-smi prints ends in its middle, and it says that all is well",
    expected: "no GPU is given out and nothing that runs is touched; it goes on by itself",
  },
  "smi-slow": {
    fault: "nvidia-smi takes 3 s for each answer",
    expected: "GPUs are given out, later; nothing that runs is touched",
  },
  "watch-overflow": {
    fault: "more changes of files than the kernel keeps for a watcher that is held up",
    expected: "what was missed is found by looking at all files",
  },
  "watch-limit": {
    fault: "the limit of inotify watches is reached",
    expected: "it says so, and finds changes by looking at all files",
  },
  "many-specs": {
    fault: "hundreds of specs at once, some of them wrong",
    expected: "each is made once; a wrong one is refused alone; what runs is not touched",
  },
  "no-descriptors": {
    fault: "the controller gets no file descriptors any more",
    expected: "it lives, takes nothing for gone, and goes on when there are some",
  },
  "out-of-memory": {
    fault: "the kernel kills the controller for want of memory while it makes containers",
    expected: "the next one ends its work, with one container an object",
  },
  "memory-pressure": {
    fault:
      "the controller gets no memory any more for 15 s, and is held up by the kernel, while it makes containers",
    expected: "nothing is touched, and it goes on by itself, with one container an object",
  },
  reboot: {
    fault:
      "the machine is started again: no process, an empty run directory, another boot id, GPUs in another order",
    expected:
      "what should run is started again as the same container on its GPU; what was stopped stays so and keeps its GPU; what is done is not run again",
  },
  "crash-start": {
    fault: "`kill -9` of the controller at an effect on the world while it starts with all in place",
    expected: "it takes the place of the one before, and nothing is touched",
  },
  "crash-create": {
    fault:
      "`kill -9` of the controller at an effect on the world while it makes a GPU job and a service with a volume",
    expected: "each is made and started once",
  },
  "crash-stop": {
    fault:
      "`kill -9` of the controller at an effect on the world while it stops a container, keeps its GPU and gives it back",
    expected: "it is stopped and its GPU is free after the hold; nothing is started",
  },
  "crash-recreate": {
    fault:
      "`kill -9` of the controller at an effect on the world while it recreates a container after an edit",
    expected: "there is one new container under its name, on as many GPUs, started once",
  },
  "crash-remove": {
    fault:
      "`kill -9` of the controller at an effect on the world while it removes what `ds01 delete` was told",
    expected: "container, GPU, record and file are gone",
  },
  "crash-prune": {
    fault:
      "`kill -9` of the controller at an effect on the world while it removes what stands in no file any more",
    expected: "it is gone after the time of grace",
  },
  "crash-preempt": {
    fault: "`kill -9` of the controller at an effect on the world while it makes room for a higher priority",
    expected: "what gives way waits without GPUs, what it gave way to runs, and no GPU has two users",
  },
  "crash-git": {
    fault:
      "`kill -9` of the controller at an effect on the world while it takes in a revision of Git with new, changed and removed specs",
    expected: "the whole revision is in effect, each new container started once",
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** Names a fault. */
export type FaultId = keyof typeof faults;
