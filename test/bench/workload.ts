/** The smallest container of the bed: one page of program, so that the engine's own work is what is measured. */
const image = "bed/pause:1";

export type BenchNetwork = "host" | "none" | "bridge";

/** Whose specs these are: an account that every machine has, so that nobody looks for a missing one all the time. */
export const benchUser = "nobody";

/** A spec of the user. */
export function specText(name: string, network: BenchNetwork, desiredState = "Running"): string {
  return `apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
metadata: {name: ${name}}
spec:
  desiredState: ${desiredState}
  image: ${image}
  imagePullPolicy: Never
  user: image
  network: ${network}
  stopGracePeriod: 1s
  env: [{name: PURPOSE, value: "measuring"}]
`;
}

/** What the controller sends to the engine for such a spec, so that both sides ask for the same container. */
export function createBody(name: string, network: BenchNetwork): object {
  return {
    Image: image,
    Env: ["NVIDIA_VISIBLE_DEVICES=void", "PURPOSE=measuring"],
    Labels: {
      "bench.managed": "true",
      "bench.user": benchUser,
      "bench.name": name,
      "bench.uid": "00000000-0000-0000-0000-000000000000",
      "bench.generation": "1",
      "bench.spec-hash": `v1:${"0".repeat(64)}`,
      "bench.gpu.uuids": "",
      "bench.gpu.slots": "",
      "bench.gpu.allocated": "",
      "bench.injection": "none",
      "bench.instance": "000000000000",
    },
    StopTimeout: 1,
    HostConfig: {
      NetworkMode: network,
      IpcMode: "private",
      RestartPolicy: { Name: "no" },
      Mounts: [],
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    },
  };
}

/** What the engine calls the container of a spec. */
export function containerOf(name: string): string {
  return `${name}._.${benchUser}`;
}

/** A compose file with as many services of the same container. */
export function composeText(count: number, network: BenchNetwork): string {
  const services = Array.from(
    { length: count },
    (_, index) =>
      `  s${index}:\n    image: ${image}\n    network_mode: ${network}\n    environment: [PURPOSE=measuring]\n    stop_grace_period: 1s\n`,
  );
  return `version: "2.4"\nservices:\n${services.join("")}`;
}

/** Lets everybody use the network of the host. */
export const quotaText = `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: {name: bench}
spec:
  subjects: {default: true}
  policy: {hostNetwork: true}
`;
