import { expect, test } from "vitest";
import { parse } from "yaml";
import { ContainerSpecSpec } from "../container.ts";
import type { ExportedContainer } from "./exported-container.ts";
import { renderCompose } from "./render-compose.ts";
import { renderRun } from "./render-run.ts";

function container(spec: object, given: Partial<ExportedContainer> = {}): ExportedContainer {
  const known = ContainerSpecSpec.parse({ image: "x", ...spec });
  return { namespace: "alice", name: "train", labels: {}, devices: [], ...given, spec: known };
}

test("a docker run is a script that a shell takes, with comments on what it lacks", () => {
  const spec = {
    image: "pytorch/pytorch:2.5",
    command: ["python", "-c"],
    args: ["print('$HOME')"],
    user: "owner",
    env: [{ name: "NAME", value: "two words" }],
    gpus: { count: 2, minMemory: "40Gi" },
    resources: { memory: "1536Mi", cpus: "500m" },
    volumes: [{ name: "d", mountPath: "/data", readOnly: true, hostPath: { path: '/a,"b' } }],
    ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081, hostIP: "::1", protocol: "UDP" }],
    lifecycle: { maxRuntime: "24h" },
    priority: 50,
  };
  expect(renderRun(container(spec, { devices: ["GPU-a", "GPU-b"] }))).toBe(`# alice/train of ds01.
# It has the GPUs that it holds now: GPU-a, GPU-b. Nobody keeps others from using them.
# Only ds01 knows gpus.minMemory, lifecycle, priority.
# Limits that only the quota sets are not in it: ds01 limits alice -o docker-args.
docker run \\
  --detach \\
  --name train \\
  --pull missing \\
  --entrypoint python \\
  --user "$(id -u alice):$(id -g alice)" \\
  --env 'NAME=two words' \\
  --gpus '"device=GPU-a,GPU-b"' \\
  --cpus 0.5 \\
  --memory 1536m \\
  --memory-swap 1536m \\
  --mount 'type=bind,"source=/a,""b",target=/data,readonly' \\
  --publish 127.0.0.1::80/tcp \\
  --publish '[::1]:8081:81/udp' \\
  --network bridge \\
  --restart always \\
  --stop-timeout 30 \\
  pytorch/pytorch:2.5 -c 'print('\\''$HOME'\\'')'
`);
});

test("a compose file has a service for each, with dollars doubled", () => {
  const train = container({ env: [{ name: "A", value: "$HOME" }], gpus: { count: 1 }, network: "lab" });
  const web = container({ user: "owner", securityContext: { privileged: true } }, { name: "web" });
  const text = renderCompose([{ ...train, devices: ["GPU-a"] }, web]);
  expect(text).toContain("# alice/web of ds01.\n");
  const common = { image: "x", pull_policy: "missing", restart: "always", stop_grace_period: "30s" };
  const devices = [{ driver: "nvidia", device_ids: ["GPU-a"], capabilities: ["gpu"] }];
  expect(parse(text)).toEqual({
    services: {
      train: {
        ...common,
        container_name: "train",
        environment: { A: "$$HOME" },
        networks: ["lab"],
        deploy: { resources: { reservations: { devices } } },
      },
      web: {
        ...common,
        container_name: "web",
        user: expect.stringMatching(/^\$\{OWNER:\?set it to .*OWNER=\$\$\(id -u alice\)/),
        network_mode: "bridge",
        privileged: true,
      },
    },
    networks: { lab: { external: true } },
  });
});

test.each([
  [{ gpus: { count: 2 } }, "It holds no GPUs now: Docker takes the first 2 of the host"],
  [{ accelerators: { kind: "tpu", count: 4 } }, "Its 4 of tpu must be passed in by hand"],
  [{ desiredState: "Stopped" }, "Only ds01 knows desiredState."],
  [{ secrets: [{ name: "key", file: "/k" }] }, "Only ds01 knows secrets."],
  [
    { envFrom: ["/x", "x", "/y"].map((path, index) => ({ file: { path, optional: index === 2 } })) },
    "Only ds01 knows envFrom[1], envFrom[2].",
  ],
  [{ env: [{ name: "A", value: "(hidden)" }] }, "hidden from you"],
])("%j: %s", (spec, said) => {
  expect(renderRun(container(spec)).replaceAll("\n# ", " ")).toContain(said);
});

test("files of variables stay files", () => {
  const files = container({ envFrom: [{ file: { path: "/home/alice/a b.env" } }] });
  expect(renderRun(files)).toContain("--env-file '/home/alice/a b.env'");
  expect(renderCompose([files])).toMatch(/env_file:\n *- path: "\/home\/alice\/a b.env"\n *format: "raw"\n/);
});

test("nothing in a spec leaves a comment", () => {
  const text = renderRun(container({ gpus: { count: 1 } }, { devices: ["GPU-a\nrm -rf /"] }));
  expect(text.slice(0, text.indexOf("docker run"))).toMatch(/^(?:# .*\n)+$/);
});
