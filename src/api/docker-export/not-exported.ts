import type { ExportedContainer } from "./exported-container.ts";
import { otherEnvFiles } from "./env-files.ts";
import { dockerGpus, exportedImage } from "./exported-container.ts";

/** What is not in a command line or compose file, and what stands in its place: a sentence each. */
export function notExported(container: ExportedContainer): readonly string[] {
  const { spec, namespace } = container;
  const sentences: string[] = [];
  const gpus = dockerGpus(container);
  if (typeof gpus === "object") {
    sentences.push(
      `It has the GPUs that it holds now: ${gpus.join(", ")}. Nobody keeps others from using them.`,
    );
  } else if (gpus > 0) {
    sentences.push(`It holds no GPUs now: Docker takes the first ${gpus} of the host, whoever uses them.`);
  }
  const wishes = Object.keys(spec.gpus ?? {}).filter((field) => field !== "count");
  if (spec.build !== undefined) {
    sentences.push(
      `Its image is built from ${spec.build.context} beside its file: docker build -t ${exportedImage(container)} first.`,
    );
  }
  const alone = [
    ...wishes.map((field) => `gpus.${field}`),
    ...(
      [
        "imageAliases",
        "presets",
        "copy",
        "secrets",
        "accelerators",
        "after",
        "replicas",
        "parallelism",
        "backoffLimit",
        "lifecycle",
        "priority",
        "preemptible",
      ] as const
    ).filter((field) => spec[field] !== undefined),
    ...otherEnvFiles(spec),
    ...(spec.desiredState === "Stopped" ? ["desiredState"] : []),
  ];
  if (alone.length > 0) sentences.push(`Only ds01 knows ${alone.join(", ")}.`);
  if (spec.accelerators !== undefined) {
    const { kind, count } = spec.accelerators;
    sentences.push(`Its ${count} of ${kind} must be passed in by hand: --device.`);
  }
  const { cpus, memory, shmSize, pidsLimit } = spec.resources ?? {};
  if ([cpus, memory, pidsLimit, spec.ipc === "host" ? "" : shmSize].includes(undefined)) {
    sentences.push(`Limits that only the quota sets are not in it: ds01 limits ${namespace} -o docker-args.`);
  }
  if ((spec.volumes ?? []).some(({ namedVolume }) => namedVolume !== undefined)) {
    sentences.push(
      `Docker calls its named volumes otherwise: docker volume ls --filter label=ds01.user=${namespace}.`,
    );
  }
  if ((spec.env ?? []).some(({ value }) => value === "(hidden)")) {
    sentences.push("The values of its variables are hidden from you.");
  }
  return sentences;
}
