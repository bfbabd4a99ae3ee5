import type { Standing } from "../import-note.ts";

/** Why something of Docker is left out, and what to do instead: a sentence or two for all that it is about. */
export const topics = {
  attached: none("ds01 starts everything in the background; what it writes shows ds01 logs -f NAME."),
  names: none(
    "ds01 leaves the names inside a container to Docker. Containers on one Docker network (spec.network) find each other by the names of their containers.",
  ),
  signalNumber: none(
    "A spec names the signal, as in stopSignal: SIGINT; what a number means depends on the machine.",
  ),
  hostGateway: none(
    "The address of the host is known to the engine alone; write the one that you mean (spec.hostAliases).",
  ),
  healthCheck: none(
    "A health check of a spec has no interval of its own for the time of starting (spec.healthCheck).",
  ),
  groups: none(
    "A spec names no further groups: user: owner has those of your account, and other users may be numbers with a group (spec.user).",
  ),
  namelessVolume: none(
    "A volume without a name, with another driver or from an image is not declared. Give it a name: spec.volumes[].namedVolume.",
  ),
  volumesFrom: none("Write the mounts of the other container into spec.volumes."),
  propagation: none(
    "ds01 mounts as Docker does where nothing is said: rprivate, with no labels for SELinux.",
  ),
  mountOptions: none("ds01 has no such option of a mount."),
  otherContainer: none(
    "ds01 joins no namespaces of other containers. For a common network name a Docker network (spec.network).",
  ),
  networkOptions: none(
    "A spec names one network and nothing about it. Addresses and aliases are Docker's choice.",
  ),
  publishAll: none("Name the ports: spec.ports, each with its containerPort."),
  portProtocol: none("ds01 publishes TCP and UDP."),
  portRange: none(
    "ds01 does not choose within a range: without hostPort Docker takes any port that is free.",
  ),
  diskSpeed: none("ds01 weighs disks against one another for a whole container only (spec.resources.io)."),
  cpuChoice: none(
    "ds01 limits how many CPUs a container may use (spec.resources.cpus), and neither which nor in which order.",
  ),
  softMemory: none("ds01 has a hard limit of memory only (spec.resources.memory)."),
  swap: none("ds01 limits how much swap there is (spec.resources.memorySwap), and not how soon it is used."),
  outOfMemory: none("ds01 leaves the choice of what is ended for lack of memory to the kernel."),
  kernel: none("ds01 leaves kernel settings and storage options to the engine."),
  namespaces: none(
    "ds01 leaves these namespaces to the engine; spec.ipc, spec.pid and spec.network can be those of the host.",
  ),
  securityOption: none(
    "Of security options a spec knows no-new-privileges, seccomp=unconfined and apparmor=unconfined (spec.securityContext).",
  ),
  platform: none("ds01 takes the image for the platform of the host."),
  windows: none("Only of Windows."),
  runtime: none(
    "ds01 starts containers with the engine's default runtime, and GPUs as that has them (gpuInjection).",
  ),
  userName: none(
    'A spec takes image, owner, root or numbers, for the names of an image are known only inside of it. Left out, so the image\'s user runs it: write the numbers, as in user: "1000:1000".',
  ),
  annotations: none("Annotations of a spec are for people; the runtime does not get them."),
  idFile: none("ds01 writes no such file. The container's name is fixed: NAME._.USER."),
  engineSocket: none("The socket of the engine is never mounted into a container of ds01."),
  deviceRule: none("ds01 gives device nodes one by one: spec.devices."),
  buildSource: none(
    "ds01 builds from a directory beside the spec alone: fetch it, and write spec.build; or build the image (docker compose build) and name it in spec.image.",
  ),
  buildFile: none(
    "ds01 reads a Dockerfile of the context alone: write it there and name it in spec.build; or build the image (docker compose build) and name it in spec.image.",
  ),
  buildContexts: none(
    "ds01 builds from one directory alone: put all of it there, and write spec.build; or build the image (docker compose build) and name it in spec.image.",
  ),
  buildOption: none(
    "ds01 builds with Docker's own builder, from a directory, a Dockerfile, arguments and a target (spec.build).",
  ),
  builtName: none(
    "ds01 names what it builds itself. To have the image pulled and not built, write spec.image in place of spec.build.",
  ),
  dependsOn: none(
    "ds01 starts every container as soon as it can. Let the command wait for what it needs, and what ends too early is started again (restartPolicy: Always). Only what must have completed before is waited for (spec.after).",
  ),
  dependencyMissing: none(
    "What a container waits for must be a spec (spec.after), and this service is not imported.",
  ),
  composeNetwork: none(
    "Compose makes a network for each project, ds01 makes none. To have containers find each other: docker network create NAME, and spec.network: NAME in each.",
  ),
  replicas: none(
    "A spec is one container or a sweep of up to 1000 (spec.replicas); desiredState: Stopped runs none.",
  ),
  configs: none(
    "ds01 has no configs: mount the files (spec.volumes, readOnly: true), or have them copied (spec.copy).",
  ),
  secretElsewhere: none("ds01 takes secrets from files: write it into one, and name that in spec.secrets."),
  secretOwner: none("A secret belongs to the user that the container runs as (spec.user)."),
  swarm: none("Only of Swarm."),
  hooks: none("ds01 runs nothing beside the command of the container."),
  profile: none("Its services are not imported unless --profile or --service names them."),
  pullOften: none(
    "ds01 asks the registry before each create (Always), when the image is absent (IfNotPresent), or never.",
  ),
  softLimit: none("ds01 has upper limits only (spec.resources)."),
  otherDriver: none(
    "Of reserved devices ds01 knows NVIDIA's GPUs (spec.gpus) and those of CDI files (spec.accelerators).",
  ),
  labelFile: none("Write the labels into metadata.labels; files of labels are not read."),
  composeOnly: none("Of Compose alone; no container is made of it."),
  graphics: none(
    "Device nodes of GPUs other than NVIDIA's are handed out from CDI files: spec.accelerators.",
  ),
  retries: none(
    "ds01 starts it again after pauses that grow to 5 minutes; how often a job is tried again says spec.backoffLimit.",
  ),
  endless: none("ds01 waits for a week at most (spec.stopGracePeriod); left out, so it is 30s."),
  gpuOptions: none("ds01 passes no options to the driver of GPUs."),
  emptyEntrypoint: none(
    "An empty entrypoint without a command starts nothing of which the image's name tells; say what to start in spec.command.",
  ),
  unsetVariable: none("Not set where this command ran, so Docker would not set it either."),
  builtHere: same("What is built here is named by what it is built from, and built where it is not there."),
  gpuNodes: same("The nodes of the driver come with the GPUs that a container holds."),
  exposed: same(
    "A port that is only exposed can be reached on the container's network with no word about it.",
  ),
  hostPorts: same("With the host's network every port is the host's; Docker publishes nothing then."),
  hostShm: same("With ipc: host the host's /dev/shm is used, whatever is said here."),
  reserved: elsewhere(
    "ds01 sets this variable from the GPUs that the container holds; they are asked for with spec.gpus.",
  ),
  removal: elsewhere(
    "ds01 removes a container when it has been stopped for lifecycle.removeAfterStop (a default comes from the quota); ds01 delete removes it at once.",
  ),
  noLimit: elsewhere(
    "Docker takes this for no limit. Without a word in the spec the limit is what the quota gives by default; ds01 limits shows it.",
  ),
  logging: elsewhere("Where logs go is set for the engine. Of json-file ds01 keeps three files of 10 MB."),
  cgroup: elsewhere("ds01 puts containers of users whose quota has an aggregate into a cgroup of their own."),
  background: same("ds01 starts everything in the background; ds01 logs -f NAME shows what it writes."),
  secondGpus: same("A container has one request for GPUs; the first one counts."),
  quiet: same("Nothing of it changes the container."),
} as const satisfies Readonly<Record<string, Reason>>;

interface Reason {
  readonly standing: Standing;
  readonly text: string;
}

export type Topic = keyof typeof topics;

function none(text: string): Reason {
  return { standing: "none", text };
}

function elsewhere(text: string): Reason {
  return { standing: "elsewhere", text };
}

function same(text: string): Reason {
  return { standing: "same", text };
}
