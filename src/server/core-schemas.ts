import type { SchemaNode } from "../api/schema-node.ts";

/** Schemas of Kubernetes' own kinds, as far as ds01 fills them in; the key is the kind. */
export const coreSchemas: Readonly<Record<string, SchemaNode>> = {
  Pod: object("The container of an object, as a Pod. It follows its object, and cannot be written itself.", {
    spec: object("How the container was made, as far as everybody may know.", {
      nodeName: text("This machine."),
      restartPolicy: text("spec.restartPolicy of its ContainerSpec: Always, OnFailure or Never."),
      securityContext: object("Empty; what the container may is in its ContainerSpec.", {}),
      containers: list("The one container.", {
        name: text("Name of the object."),
        image: text("Image of the container."),
        tty: flag("Whether it has a terminal."),
        stdin: flag("Whether its input is open."),
        resources: object("What it may use.", {
          limits: words("Of cpu, memory and nvidia.com/gpu."),
        }),
      }),
    }),
    status: object("What ds01 found.", {
      phase: text("Pending, Running, Succeeded or Failed, as Kubernetes has them."),
      reason: text("The phase of the object where the two are not the same, such as Held."),
      message: text("Why, for people."),
      startTime: time("When the container was started."),
      conditions: list("Those of the object.", {
        type: text("Accepted, QuotaReserved, GpuAllocated, ImageReady, Ready, ..."),
        status: text("True, False or Unknown."),
        reason: text("Why, in one word."),
        message: text("Why, for people."),
        lastTransitionTime: time("Since when it has been so."),
      }),
      containerStatuses: list("Of the one container.", {
        name: text("Name of the object."),
        ready: flag("Whether it is Ready."),
        started: flag("The same."),
        restartCount: whole("How often ds01 started it again."),
        image: text("Image of the container."),
        imageID: text("Empty; status.container of the object has it."),
        containerID: text("docker:// and the id of the container in the engine."),
        state: object("One of the three.", {
          waiting: object("It was not started yet.", { reason: text("Why, in one word.") }),
          running: object("It runs.", { startedAt: time("Since when.") }),
          terminated: object("It has ended.", {
            exitCode: whole("With which code."),
            reason: text("Why, in one word."),
            startedAt: time("When it was started."),
            finishedAt: time("When it ended."),
          }),
        }),
      }),
    }),
  }),
  Node: object("This machine.", {
    spec: object("Empty; what takes a GPU out of use is: ds01 cordon.", {}),
    status: object("What it has, and whether all that ds01 needs is there.", {
      capacity: words("cpu, memory, nvidia.com/gpu, and each profile of slices: nvidia.com/mig-1g.10gb."),
      allocatable: words("The same."),
      conditions: list("Ready: whether all that ds01 needs is there.", {
        type: text("Ready."),
        status: text("True or False."),
        reason: text("AllReady, or the first check that fails: ds01 doctor."),
        message: text("What fails."),
        lastTransitionTime: time("Since when it has been so."),
        lastHeartbeatTime: time("The same."),
      }),
      addresses: list("Its name.", { type: text("Hostname."), address: text("The name of the machine.") }),
      nodeInfo: object("What runs here; what ds01 does not look at is empty.", {
        ...Object.fromEntries(
          ["machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "kubeProxyVersion"].map(
            (name) => [name, text("Empty.")],
          ),
        ),
        containerRuntimeVersion: text("docker://."),
        kubeletVersion: text("The version of ds01."),
        operatingSystem: text("linux."),
        architecture: text("Such as amd64."),
      }),
    }),
  }),
  Namespace: object("A user of this machine; there are no others, and none can be made.", {
    spec: object("Empty.", {}),
    status: object("What it is.", { phase: text("Active.") }),
  }),
  Event: object("Something that ds01 has seen or done.", {
    type: text("Normal or Warning."),
    reason: text("What it was, in one word: Queued, Started, GpuHeld, ..."),
    message: text("The same for people."),
    involvedObject: object("What it is about.", {
      apiVersion: text("ds01.io/v1alpha1, or v1 of a Pod."),
      kind: text("ContainerSpec, Gpu, QuotaSpec, ..."),
      namespace: text("The user whose it is."),
      name: text("Name of the object."),
      uid: text("Its uid, which is never used twice."),
    }),
    source: object("Who tells.", { component: text("ds01.") }),
    count: whole("How often, since firstTimestamp."),
    firstTimestamp: time("When it was so first."),
    lastTimestamp: time("When it was so last."),
  }),
};

function text(description: string): SchemaNode {
  return { type: "string", description };
}

function time(description: string): SchemaNode {
  return { type: "string", format: "date-time", description };
}

function flag(description: string): SchemaNode {
  return { type: "boolean", description };
}

function whole(description: string): SchemaNode {
  return { type: "integer", description };
}

function words(description: string): SchemaNode {
  return { type: "object", additionalProperties: { type: "string" }, description };
}

function object(description: string, properties: Readonly<Record<string, SchemaNode>>): SchemaNode {
  return { type: "object", description, properties };
}

function list(description: string, properties: Readonly<Record<string, SchemaNode>>): SchemaNode {
  return { type: "array", description, items: { type: "object", properties } };
}
