import { describe, expect, it } from "vitest";
import { engineError } from "./errors.ts";

function answer(status: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${status}) unexpected - ${message} `), {
    statusCode: status,
    json: { message },
  });
}

describe("engineError", () => {
  // The words of Docker 20.10, 26.1 and 28.5, of registries, and of the NVIDIA container tools.
  const said: [status: number, text: string, name: string, reason: string][] = [
    [404, "No such container: train", "NotFoundError", "ContainerNotFound"],
    [404, "page not found", "NotFoundError", "NotFound"],
    [
      404,
      "manifest for busybox:nope not found: manifest unknown: manifest unknown",
      "StalledError",
      "ImageNotFound",
    ],
    [
      404,
      "pull access denied for x/y, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      "StalledError",
      "RegistryDenied",
    ],
    [500, "unauthorized: authentication required", "StalledError", "RegistryDenied"],
    [500, "toomanyrequests: You have reached your pull rate limit.", "WaitingError", "RegistryRateLimited"],
    [
      500,
      'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
      "WaitingError",
      "RegistryUnreachable",
    ],
    [
      500,
      'Get "https://registry-1.docker.io/v2/": net/http: request canceled (Client.Timeout exceeded)',
      "WaitingError",
      "RegistryUnreachable",
    ],
    [
      500,
      "failed to set up container networking: driver failed programming external connectivity on endpoint x (0a): Bind for 127.0.0.1:80 failed: port is already allocated",
      "WaitingError",
      "PortInUse",
    ],
    [
      500,
      "driver failed programming external connectivity on endpoint x (0a): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
      "WaitingError",
      "PortInUse",
    ],
    [
      500,
      "failed to bind host port for 127.0.0.1:80:172.17.0.2:80/tcp: address already in use",
      "WaitingError",
      "PortInUse",
    ],
    [
      500,
      'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error setting cgroup config for procHooks process: failed to write "1:3 1048576": write /sys/fs/cgroup/blkio/docker/bd57/blkio.throttle.read_bps_device: no such device: unknown',
      "StalledError",
      "NotADisk",
    ],
    [500, 'could not select device driver "" with capabilities: [[gpu]]', "StalledError", "NoNvidiaRuntime"],
    [400, "unknown or invalid runtime name: nvidia", "StalledError", "NoNvidiaRuntime"],
    [
      500,
      "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=nope",
      "StalledError",
      "CdiDeviceMissing",
    ],
    [
      500,
      'CDI device injection failed: failed to inject devices: failed to stat CDI host device "/dev/nvidia3": no such file or directory',
      "StalledError",
      "CdiDeviceMissing",
    ],
    [500, 'could not select device driver "cdi" with capabilities: []', "StalledError", "CdiDisabled"],
    [
      500,
      "failed to create task for container: failed to start shim: fork/exec /usr/bin/nvidia-container-runtime: no such file or directory: unknown",
      "StalledError",
      "NoNvidiaRuntime",
    ],
    [
      500,
      "OCI runtime create failed: error running hook #0: fork/exec /usr/bin/nvidia-container-runtime-hook: no such file or directory: unknown",
      "StalledError",
      "NoNvidiaRuntime",
    ],
    [
      500,
      "error running hook #0: exit status 1, stdout: , stderr: nvidia-container-cli: initialization error: nvml error: driver/library version mismatch: unknown",
      "WaitingError",
      "DriverMismatch",
    ],
    [
      500,
      "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.6, please update your driver to a newer version: unknown",
      "StalledError",
      "ImageNeedsNewerDriver",
    ],
    [
      500,
      "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: device error: GPU-x: unknown device: unknown",
      "StalledError",
      "DeviceUnknown",
    ],
    [
      500,
      "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
      "WaitingError",
      "DriverNotLoaded",
    ],
    [
      500,
      "nvidia-container-cli: detection error: nvml error: unknown error: unknown",
      "Ds01Error",
      "GpuStackFailed",
    ],
    [
      409,
      'Conflict. The container name "/train" is already in use by container "abc".',
      "ConflictError",
      "NameInUse",
    ],
    [409, "removal of container abc is already in progress", "ConflictError", "RemovalInProgress"],
    [
      409,
      'cannot remove container "train": container is running: stop the container before removing or force remove',
      "ConflictError",
      "ContainerRunning",
    ],
    [409, "something else", "ConflictError", "Conflict"],
    [
      400,
      'failed to create task: OCI runtime create failed: exec: "train.py": executable file not found in $PATH: unknown',
      "StalledError",
      "CommandNotFound",
    ],
    [
      400,
      'runc create failed: unable to start container process: exec: "/data": is a directory: unknown',
      "StalledError",
      "PermissionDenied",
    ],
    [500, "write /var/lib/docker/tmp/x: no space left on device", "WaitingError", "NoSpace"],
    [500, "tried to kill container, but did not receive an exit event", "Ds01Error", "ContainerWillNotEnd"],
    [500, "layer does not exist", "Ds01Error", "EngineFault"],
    [503, "starting up", "Ds01Error", "EngineFault"],
  ];

  it.each(said)("%i %j is %s %s", (status, text, name, reason) => {
    expect(engineError(answer(status, text), "start train")).toMatchObject({
      name,
      reason,
      message: expect.stringMatching(/^cannot start train: [^]+[^ ]$/) as string,
    });
  });

  it("shows people the part that matters", () => {
    const text =
      "failed to create shim task: OCI runtime create failed: stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: device error: GPU-x: unknown device: unknown";
    expect(engineError(answer(500, text), "start train").message).toBe(
      "cannot start train: nvidia-container-cli: device error: GPU-x: unknown device",
    );
  });

  it.each(["ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"])(
    "%s means that the engine cannot be reached",
    (code) => {
      const error = Object.assign(new Error("connect"), { code });
      expect(engineError(error, "list containers")).toMatchObject({
        name: "UnreachableError",
        reason: "EngineUnreachable",
      });
    },
  );

  it("says so when the socket may not be used", () => {
    const error = Object.assign(new Error("connect"), { code: "EACCES" });
    expect(engineError(error, "list containers")).toMatchObject({ reason: "EngineAccessDenied" });
  });

  it("passes on an abort and whatever it does not know", () => {
    const abort = new DOMException("aborted", "AbortError");
    expect(engineError(abort, "list containers")).toBe(abort);
    const defect = new TypeError("x is not a function");
    expect(engineError(defect, "list containers")).toBe(defect);
  });
});
