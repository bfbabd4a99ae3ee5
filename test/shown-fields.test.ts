import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentJsonSchema } from "../src/api/json-schema.ts";
import { fieldsBelow } from "../src/api/schema-node.ts";

const e2e = (name: string, title: string): readonly [string, string] => [`test/e2e/${name}.test.ts`, title];

const declared = e2e("running", "must become a running container that is what it declares, field by field");
const exactGpus = e2e("running", "must hold exactly the GPUs of its status, by UUID, and see no others");
const chosen = e2e("fields", "must choose GPUs by model, memory and board");
const joined = e2e("gpu-choice", "must give a container GPUs that are joined as it requires");
const network = e2e(
  "fields",
  "must join the declared network, and that of the host or its IPC only with a grant",
);
const published = e2e("fields", "must publish ports at the declared address with the declared protocol");
const healthCheck = e2e("fields", "must have its own health check, or none although its image has one");
const givenFiles = e2e("given-files", "must give variables of files to the container and to nobody else");
const givenSecrets = e2e("given-files", "must give secrets to the user of the container and to nobody else");
const interactive = e2e(
  "fields",
  "must run as an interactive program wants it, with the declared name, hosts and signal",
);
const rights = e2e("security", "must be as declared with a grant, and refused one by one without");
const labelled = e2e("fields", "must be found by its labels and keep its annotations");
const ulimits = e2e(
  "limits",
  "must set the declared ulimits, replace the container when they change, and refuse more than allowed",
);
const swapAndIo = e2e(
  "limits",
  "must limit swap and disks as declared, change swap in place, and leave all alone after a restart",
);
const built = e2e("builds", "must be built once, and named by what it is built from");
const held = e2e("lifecycle", "must keep the GPU of a stopped container for the hold");

/** Every field of a ContainerSpec and the test, on a real engine, that shows what it does. */
const shownBy: Readonly<Record<string, readonly [file: string, title: string]>> = {
  "metadata.name": declared,
  "metadata.namespace": labelled,
  "metadata.labels": labelled,
  "metadata.annotations": labelled,
  "spec.desiredState": e2e("lifecycle", "must not be created at all while it is declared Stopped"),
  "spec.image": declared,
  "spec.build.context": built,
  "spec.build.dockerfile": built,
  "spec.build.args": built,
  "spec.build.target": built,
  "spec.imageAliases": e2e("images", "must be found under another name of the spec, for its owner only"),
  "spec.imagePullPolicy": e2e(
    "fields",
    "must ask the registry before each create when the image is declared",
  ),
  "spec.command": declared,
  "spec.args": declared,
  "spec.workingDir": declared,
  "spec.tty": interactive,
  "spec.stdin": interactive,
  "spec.init": interactive,
  "spec.stopSignal": interactive,
  "spec.healthCheck.command": healthCheck,
  "spec.healthCheck.interval": healthCheck,
  "spec.healthCheck.timeout": healthCheck,
  "spec.healthCheck.startPeriod": healthCheck,
  "spec.healthCheck.retries": healthCheck,
  "spec.healthCheck.disabled": healthCheck,
  "spec.hostname": interactive,
  "spec.hostAliases.ip": interactive,
  "spec.hostAliases.hostnames": interactive,
  "spec.env.name": declared,
  "spec.env.value": declared,
  "spec.envFrom.file.path": givenFiles,
  "spec.envFrom.file.optional": givenFiles,
  "spec.envFrom.prefix": givenFiles,
  "spec.secrets.name": givenSecrets,
  "spec.secrets.file": givenSecrets,
  "spec.secrets.mountPath": givenSecrets,
  "spec.secrets.mode": givenSecrets,
  "spec.user": e2e("running", "must run as the owner's account when it says so"),
  "spec.resources.cpus": declared,
  "spec.resources.memory": declared,
  "spec.resources.memorySwap": swapAndIo,
  "spec.resources.shmSize": declared,
  "spec.resources.pidsLimit": declared,
  "spec.resources.ulimits.name": ulimits,
  "spec.resources.ulimits.soft": ulimits,
  "spec.resources.ulimits.hard": ulimits,
  "spec.resources.io.weight": swapAndIo,
  "spec.resources.io.devices.path": swapAndIo,
  "spec.resources.io.devices.readBytesPerSecond": swapAndIo,
  "spec.resources.io.devices.writeBytesPerSecond": swapAndIo,
  "spec.resources.io.devices.readOperationsPerSecond": swapAndIo,
  "spec.resources.io.devices.writeOperationsPerSecond": swapAndIo,
  "spec.gpus.count": exactGpus,
  "spec.gpus.profile": e2e("mig", "must hand slices out one by one, by UUID, and see nothing else inside"),
  "spec.gpus.minMemory": chosen,
  "spec.gpus.models": chosen,
  "spec.gpus.minComputeCapability": joined,
  "spec.gpus.nvlink": joined,
  "spec.gpus.sameBoard": chosen,
  "spec.gpus.allowMig": e2e("sharing", "must give a slice or a GPU, the smallest that has the memory"),
  "spec.gpus.shared.replicas": e2e(
    "sharing",
    "must let as many containers as declared share a GPU, each with a lease of its own",
  ),
  "spec.gpus.strategy": e2e(
    "sharing",
    "must choose as the spec says where the configuration allows it, and refuse it elsewhere",
  ),
  "spec.accelerators.kind": e2e(
    "accelerators",
    "must pass the device of a CDI file by its name, and give GPUs beside it",
  ),
  "spec.accelerators.count": e2e(
    "accelerators",
    "must count them as any device: exclusive, in the queue, in get gpus, and against the quota",
  ),
  "spec.volumes.name": declared,
  "spec.volumes.mountPath": declared,
  "spec.volumes.readOnly": declared,
  "spec.volumes.hostPath.path": declared,
  "spec.volumes.hostPath.type": e2e("fields", "must wait for a host path of the declared type"),
  "spec.volumes.namedVolume.name": e2e(
    "volumes",
    "must keep a named volume beyond its containers, for its owner alone",
  ),
  "spec.volumes.tmpfs.sizeLimit": e2e("volumes", "must mount memory of the declared size and mode"),
  "spec.volumes.tmpfs.mode": e2e("volumes", "must mount memory of the declared size and mode"),
  "spec.copy.from": e2e("volumes", "must copy files before the first start, for the user of the container"),
  "spec.copy.to": e2e("volumes", "must copy files before the first start, for the user of the container"),
  "spec.presets": e2e(
    "examples",
    "tpu-volumes must keep its checkpoints, on the host and in named volumes by one switch",
  ),
  "spec.ports.containerPort": published,
  "spec.ports.hostPort": published,
  "spec.ports.hostIP": published,
  "spec.ports.protocol": published,
  "spec.network": network,
  "spec.ipc": network,
  "spec.pid": rights,
  "spec.securityContext.privileged": e2e(
    "security",
    "must be privileged only with a grant, and see no GPU by its environment even then",
  ),
  "spec.securityContext.capabilities.add": rights,
  "spec.securityContext.capabilities.drop": rights,
  "spec.securityContext.allowPrivilegeEscalation": rights,
  "spec.securityContext.readOnlyRootFilesystem": rights,
  "spec.securityContext.seccompProfile.type": rights,
  "spec.securityContext.appArmorProfile.type": rights,
  "spec.devices.hostPath": rights,
  "spec.devices.containerPath": rights,
  "spec.devices.permissions": rights,
  "spec.restartPolicy": e2e("lifecycle", "must call a job Completed or Failed by its exit code"),
  "spec.backoffLimit": e2e(
    "jobs",
    "must be tried again as often as its backoffLimit says, and then be Failed",
  ),
  "spec.replicas": e2e(
    "jobs",
    "must run a sweep, so many at a time, each with its index, and act on all by its name",
  ),
  "spec.parallelism": e2e(
    "jobs",
    "must run a sweep, so many at a time, each with its index, and act on all by its name",
  ),
  "spec.after": e2e("jobs", "must start after those that it names, and say what it waits for"),
  "spec.stopGracePeriod": e2e("lifecycle", "must kill a process that does not listen when its grace is over"),
  "spec.lifecycle.maxRuntime": e2e(
    "lifecycle",
    "must stop a container for good when its maxRuntime is used up",
  ),
  "spec.lifecycle.idleTimeout": e2e(
    "idle",
    "must be warned, stopped, keep its GPU for the hold, and stay stopped until it is started again",
  ),
  "spec.lifecycle.holdGpuAfterStop": held,
  "spec.lifecycle.removeAfterStop": held,
  "spec.lifecycle.ttlAfterFinished": e2e(
    "jobs",
    "must tell how a job ended when its container is gone after ttlAfterFinished",
  ),
  "spec.lifecycle.onGpuAccessLost": e2e(
    "gpu-access",
    "must be started again where the spec says restart, with the same GPU",
  ),
  "spec.preemptible": e2e("preemption", "must stop preemptible work for a higher priority, and nothing else"),
  "spec.priority": e2e("fields", "must give a higher priority the earlier place"),
};

/** Fields that hold a value, not other fields. */
const fields = fieldsBelow(documentJsonSchema("ContainerSpec"))
  .filter(({ node }) => fieldsBelow(node).length === 0)
  .map(({ path }) => path.join("."))
  .filter((field) => field.includes("."));

test("every field of a ContainerSpec has a test on a real engine that shows its effect", () => {
  expect(Object.keys(shownBy).toSorted()).toEqual(fields.toSorted());
});

test("the tests that show fields exist, and use them", async () => {
  for (const [field, [file, title]] of Object.entries(shownBy)) {
    const text = await readFile(join(import.meta.dirname, "..", file), "utf8");
    expect(text, file).toContain(`"${title}`);
    const word = field.split(".").at(-1) ?? field;
    // The name of an object and its namespace are in every key and file name.
    if (!field.startsWith("metadata."))
      expect(text, `${field} in ${file}`).toMatch(new RegExp(`\\b${word}\\b`));
  }
});
