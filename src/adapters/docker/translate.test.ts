import { describe, expect, it } from "vitest";
import type { DesiredContainer } from "../../core/plan/desired-container.ts";
import { plainProcess } from "../../core/plan/container-process.ts";
import { plainSecurity } from "../../core/plan/container-security.ts";
import { translateContainer, translateUpdate } from "./translate.ts";

const desired: DesiredContainer = {
  name: "train._.alice",
  image: "pytorch:2",
  entrypoint: ["python"],
  command: null,
  workingDir: null,
  environment: { B: "2", A: "1=1" },
  user: null,
  groups: [],
  home: null,
  volumes: [],
  mounts: [{ type: "bind", source: "/srv/data", target: "/data", readOnly: true }],
  ports: [
    { containerPort: 80, hostPort: 8080, hostIp: "127.0.0.1", protocol: "tcp" },
    { containerPort: 80, hostPort: null, hostIp: "::1", protocol: "tcp" },
  ],
  network: "bridge",
  ipc: "private",
  process: plainProcess,
  security: plainSecurity,
  cpus: 1.5,
  memoryBytes: 1024 ** 3,
  memorySwapBytes: 1024 ** 3,
  shmSizeBytes: null,
  pidsLimit: 64,
  ulimits: [],
  ioWeight: null,
  ioRates: [],
  cgroupParent: null,
  stopGraceMs: 1_500,
  attachment: {
    injection: "hook",
    environment: {},
    deviceRequests: [{ driver: "nvidia", deviceIds: ["GPU-a"], capabilities: [["gpu"]] }],
    runtime: null,
  },
  labels: { "ds01.managed": "true" },
};

describe("translateContainer", () => {
  it("says to Docker exactly what was desired, and nothing that was not", () => {
    expect(translateContainer(desired, { loggingDriver: "json-file" })).toEqual({
      Image: "pytorch:2",
      Entrypoint: ["python"],
      Env: ["A=1=1", "B=2"],
      Labels: { "ds01.managed": "true" },
      ExposedPorts: { "80/tcp": {} },
      StopTimeout: 2,
      HostConfig: {
        NetworkMode: "bridge",
        IpcMode: "private",
        RestartPolicy: { Name: "no" },
        NanoCpus: 1_500_000_000,
        Memory: 1024 ** 3,
        MemorySwap: 1024 ** 3,
        PidsLimit: 64,
        Mounts: [{ Type: "bind", Source: "/srv/data", Target: "/data", ReadOnly: true }],
        PortBindings: {
          "80/tcp": [
            { HostIp: "127.0.0.1", HostPort: "8080" },
            { HostIp: "::1", HostPort: "" },
          ],
        },
        DeviceRequests: [{ Driver: "nvidia", DeviceIDs: ["GPU-a"], Capabilities: [["gpu"]] }],
        LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      },
    });
  });

  it("asks for rights only where they are wanted", () => {
    const security = {
      privileged: true,
      pid: "host",
      capabilitiesAdded: ["SYS_PTRACE"],
      capabilitiesDropped: ["ALL"],
      securityOptions: ["no-new-privileges"],
      readOnlyRootFilesystem: true,
      devices: [{ pathOnHost: "/dev/fuse", pathInContainer: "/dev/fuse", permissions: "rw" }],
    } as const;
    expect(translateContainer({ ...desired, security }, { loggingDriver: "" }).HostConfig).toMatchObject({
      Privileged: true,
      PidMode: "host",
      CapAdd: ["SYS_PTRACE"],
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      Devices: [{ PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rw" }],
    });
  });

  it("limits swap and the use of disks as asked, in Docker's lists", () => {
    const limited = {
      ...desired,
      memorySwapBytes: null,
      ioWeight: 200,
      ioRates: [
        { path: "/dev/sda", name: "readBytesPerSecond", perSecond: 1000 },
        { path: "/dev/sda", name: "writeOperationsPerSecond", perSecond: 5 },
        { path: "/dev/sdb", name: "readBytesPerSecond", perSecond: 2000 },
      ],
    } as const;
    expect(translateContainer(limited, { loggingDriver: "" }).HostConfig).toMatchObject({
      Memory: 1024 ** 3,
      MemorySwap: -1,
      BlkioWeight: 200,
      BlkioDeviceReadBps: [
        { Path: "/dev/sda", Rate: 1000 },
        { Path: "/dev/sdb", Rate: 2000 },
      ],
      BlkioDeviceWriteIOps: [{ Path: "/dev/sda", Rate: 5 }],
    });
  });

  it("leaves another log driver as the admin set it up", () => {
    expect(translateContainer(desired, { loggingDriver: "journald" }).HostConfig).not.toHaveProperty(
      "LogConfig",
    );
  });

  it("names a runtime only when the devices need it", () => {
    const attachment = { ...desired.attachment, deviceRequests: [], runtime: "nvidia" };
    const { HostConfig } = translateContainer({ ...desired, attachment }, { loggingDriver: "" });
    expect(HostConfig).toMatchObject({ Runtime: "nvidia" });
    expect(HostConfig).not.toHaveProperty("DeviceRequests");
  });
});

describe("translateUpdate", () => {
  it("adds no swap, and leaves out what stays as it is", () => {
    const limits = { cpus: null, memoryBytes: 1024, pidsLimit: null };
    expect(translateUpdate({ limits, restartPolicyNo: false })).toEqual({ Memory: 1024, MemorySwap: 1024 });
    const swapping = { ...limits, memorySwapBytes: 4096, ioWeight: 10 };
    expect(translateUpdate({ limits: swapping, restartPolicyNo: false })).toEqual({
      Memory: 1024,
      MemorySwap: 4096,
      BlkioWeight: 10,
    });
    expect(translateUpdate({ limits: null, restartPolicyNo: true })).toEqual({
      RestartPolicy: { Name: "no" },
    });
  });
});
