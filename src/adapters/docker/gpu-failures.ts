import type { KnownFailure } from "./known-failure.ts";

/**
 * What stands in the way of GPUs, in the words of Docker, of NVIDIA's hook and of its runtime. Where the engine may
 * offer another way by the next try it is `stalled`, for then the container is made anew.
 */
export const gpuFailures: readonly KnownFailure[] = [
  {
    pattern: /could not select device driver "?(?:cdi|nvidia\.cdi)/i,
    kind: "stalled",
    reason: "CdiDisabled",
    remedy:
      'an admin sets gpuInjection: auto, or switches CDI on: {"features": {"cdi": true}} in /etc/docker/daemon.json (Docker 25 or newer) and a restart of Docker',
  },
  {
    pattern:
      /could not select device driver|unknown or invalid runtime name|unknown runtime specified|fork\/exec \S*nvidia-container-\S+: no such file|exec: "\S*nvidia-container-\S+": .*(?:not found|no such file)/i,
    kind: "stalled",
    reason: "NoNvidiaRuntime",
    remedy:
      "an admin installs the NVIDIA Container Toolkit on this machine (`nvidia-ctk runtime configure --runtime=docker`) and restarts Docker; `ds01 doctor` says whether it works",
  },
  {
    pattern: /unresolvable CDI devices|CDI device injection failed|failed to stat CDI host device/i,
    kind: "stalled",
    reason: "CdiDeviceMissing",
    remedy:
      "an admin writes the CDI file anew: `nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml` (after every change of MIG slices or of the driver)",
  },
  {
    pattern:
      /nvidia-container-cli: device error|unknown device(?: id)?: ?\S*(?:GPU|MIG)-|(?:GPU|MIG)-\S+: unknown device/i,
    kind: "stalled",
    reason: "DeviceUnknown",
    remedy: "an admin compares `nvidia-smi -L` with `ds01 get gpus`; a lost GPU needs a reset or a reboot",
  },
  {
    pattern: /driver\/library version mismatch/i,
    kind: "waiting",
    reason: "DriverMismatch",
    remedy:
      "the driver was updated while it was in use: an admin reboots, or unloads the nvidia modules when no GPU is in use; it is tried again by itself",
  },
  {
    pattern:
      /driver not loaded|couldn't communicate with the NVIDIA driver|libnvidia-ml\.so\.1: cannot open shared object/i,
    kind: "waiting",
    reason: "DriverNotLoaded",
    remedy:
      "after a boot the driver may take a while; if it lasts, an admin runs `nvidia-smi` and looks at `dmesg`; it is tried again by itself",
  },
  {
    pattern: /nvidia-container-cli: requirement error|unsatisfied condition: (?:cuda|driver|brand|arch)/i,
    kind: "stalled",
    reason: "ImageNeedsNewerDriver",
    remedy:
      "choose an image for the CUDA version that this driver has (`nvidia-smi` shows it), or an admin updates the driver",
  },
  {
    pattern:
      /nvidia-container-cli: (?:initialization|detection|driver|nvml|mount|ldcache) error|nvml error|nvidia-container-runtime.*error/i,
    kind: "fault",
    reason: "GpuStackFailed",
    remedy: "an admin looks at `nvidia-smi` and `dmesg`; a GPU that is lost needs a reset or a reboot",
  },
];
