import fc from "fast-check";
import { ContainerSpecSpec } from "../../src/api/container.ts";
import type { ExportedContainer } from "../../src/api/docker-export/exported-container.ts";

const word = fc.string({ unit: "grapheme-ascii", maxLength: 8 });
const anyText = fc
  .string({ unit: "grapheme", maxLength: 10 })
  .filter((text) => !text.includes("\0") && !text.includes("\uFFFD"));
const path = fc
  .array(
    fc.stringMatching(/^[a-zA-Z0-9_,"' :=$-]{1,6}$/).map((text) => `p${text}q`),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => `/${parts.join("/")}`);
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const variable = fc
  .stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/)
  .filter((text) => !/^(?:NVIDIA|DS01|CUDA_V)/.test(text));
const size = fc
  .tuple(fc.integer({ min: 1, max: 9000 }), fc.constantFrom("", "Ki", "Mi", "Gi", "k", "M", "G"))
  .map(([amount, unit]) => `${amount}${unit}`);
const count = fc.integer({ min: 1, max: 5000 });
const optional = { requiredKeys: [] };

const ulimit = fc
  .record({
    name: fc.constantFrom("memlock", "nofile", "stack", "nproc"),
    soft: count,
    more: fc.option(count),
  })
  .map((limit) => ({
    name: limit.name,
    soft: limit.soft,
    hard: limit.more === null ? "unlimited" : limit.soft + limit.more,
  }));

const port = fc.record(
  {
    containerPort: fc.integer({ min: 1, max: 65535 }),
    hostPort: fc.integer({ min: 1, max: 65535 }),
    hostIP: fc.constantFrom("0.0.0.0", "127.0.0.1", "::1", "10.0.0.1"),
    protocol: fc.constantFrom("TCP", "UDP"),
  },
  { requiredKeys: ["containerPort"] },
);

const source = fc.oneof(
  path.map((hostPath) => ({ hostPath: { path: hostPath } })),
  name.map((volumeName) => ({ namedVolume: { name: volumeName } })),
  fc
    .record({ sizeLimit: size, mode: fc.constantFrom("1777", "700", "755") }, optional)
    .map((tmpfs) => ({ tmpfs })),
);
const volume = fc
  .tuple(path, fc.boolean(), source)
  .map(([mountPath, readOnly, content]) => ({ mountPath, readOnly, ...content }));

const resources = fc.record(
  {
    cpus: fc.oneof(
      fc.integer({ min: 1, max: 900 }).map((tenths) => tenths / 10),
      count.map((thousandths) => `${thousandths + 9}m`),
    ),
    memory: size,
    shmSize: size,
    pidsLimit: count,
    ulimits: fc.uniqueArray(ulimit, { maxLength: 3, selector: (limit) => limit.name }),
    io: fc.record({ weight: fc.integer({ min: 10, max: 1000 }) }, optional),
  },
  optional,
);

const spec = fc
  .record(
    {
      image: fc.constantFrom("x", "registry.example.org:5000/team/tool:1.2", `x@sha256:${"0".repeat(64)}`),
      imagePullPolicy: fc.constantFrom("Always", "IfNotPresent", "Never"),
      command: fc.array(anyText, { minLength: 1, maxLength: 3 }).filter(([first]) => first !== ""),
      args: fc.array(anyText, { maxLength: 3 }),
      workingDir: path,
      tty: fc.constant(true),
      stdin: fc.constant(true),
      init: fc.constant(true),
      stopSignal: fc.constantFrom("SIGINT", "SIGRTMIN+3"),
      healthCheck: fc.oneof(
        fc.constant({ disabled: true }),
        fc.record(
          {
            command: fc.array(anyText, { minLength: 1, maxLength: 3 }).filter(([first]) => first !== ""),
            interval: fc.constantFrom("10000ms", "500ms"),
            timeout: fc.constant("5000ms"),
            startPeriod: fc.constant("60000ms"),
            retries: fc.integer({ min: 1, max: 9 }),
          },
          { requiredKeys: ["command"] },
        ),
      ),
      hostname: name,
      hostAliases: fc.array(
        fc.record({
          ip: fc.constantFrom("10.0.0.5", "::1"),
          hostnames: fc.array(name, { minLength: 1, maxLength: 1 }),
        }),
        { maxLength: 2 },
      ),
      env: fc.uniqueArray(fc.record({ name: variable, value: anyText }), {
        maxLength: 4,
        selector: (one) => one.name,
      }),
      user: fc.constantFrom("image", "root", "0", "1000:1000"),
      resources,
      gpus: fc.record({ count: fc.integer({ min: 1, max: 8 }) }),
      volumes: fc.uniqueArray(volume, { maxLength: 3, selector: (one) => one.mountPath }),
      ports: fc.array(port, { maxLength: 3 }),
      network: fc.constantFrom("bridge", "none", "lab_net"),
      ipc: fc.constantFrom("private", "host"),
      pid: fc.constantFrom("host"),
      securityContext: fc.record(
        {
          privileged: fc.constant(true),
          capabilities: fc.record(
            { add: fc.constant(["SYS_PTRACE", "NET_ADMIN"]), drop: fc.constant(["ALL"]) },
            optional,
          ),
          allowPrivilegeEscalation: fc.constant(false),
          readOnlyRootFilesystem: fc.constant(true),
          seccompProfile: fc.constant({ type: "Unconfined" }),
          appArmorProfile: fc.constant({ type: "Unconfined" }),
        },
        optional,
      ),
      devices: fc.array(
        fc.record(
          {
            hostPath: fc.constantFrom("/dev/fuse", "/dev/snd"),
            containerPath: fc.constant("/dev/x"),
            permissions: fc.constantFrom("rwm", "r", "rw"),
          },
          { requiredKeys: ["hostPath"] },
        ),
        { maxLength: 2 },
      ),
      restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
      stopGracePeriod: fc.integer({ min: 0, max: 5000 }).map((seconds) => `${seconds}s`),
    },
    { requiredKeys: ["image"] },
  )
  .map((written) => {
    const { resources: limits, ...rest } = written;
    const { shmSize, ...others } = limits ?? {};
    const kept = written.ipc === "host" || shmSize === undefined ? others : { ...others, shmSize };
    const volumes = (written.volumes ?? []).map((one, index) => ({ name: `v${index}`, ...one }));
    return ContainerSpecSpec.parse({ ...rest, resources: kept, volumes });
  });

/** Containers with whatever of a spec Docker has a word for. */
export const exportedContainers: fc.Arbitrary<ExportedContainer> = fc
  .record({
    namespace: fc.constant("alice"),
    name,
    labels: fc.dictionary(
      word.filter((text) => text !== "" && !/[=\s]/.test(text)),
      anyText,
      { maxKeys: 2 },
    ),
    spec,
    holds: fc.boolean(),
  })
  .map(({ holds, ...container }) => ({
    ...container,
    devices: holds
      ? Array.from({ length: container.spec.gpus?.count ?? 0 }, (_, index) => `GPU-${index}`)
      : [],
  }));
