import type { AggregateCgroups } from "../ports/aggregate-cgroups.ts";
import type { ContainerFiles } from "../ports/container-files.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { DeviceProvider } from "../ports/device-provider.ts";
import type { InstanceLock } from "../ports/lock.ts";
import type { MigCutter } from "../ports/mig-cutter.ts";
import type { OwnerFiles } from "../ports/owner-files.ts";
import type { SecretFiles } from "../ports/secret-files.ts";
import type { ManagerPorts } from "./manager-ports.ts";
import { refuseIfLost } from "./refuse-if-lost.ts";

/** Whether a call changes something outside or only looks; a method without a row does not compile. */
type Effects<Port> = { readonly [Method in keyof Required<Port>]: "looks" | "changes" };

const runtimeEffects: Effects<ContainerRuntime> = {
  ping: "looks",
  list: "looks",
  inspect: "looks",
  watch: "looks",
  devices: "looks",
  image: "looks",
  images: "looks",
  volume: "looks",
  tag: "changes",
  pull: "changes",
  build: "changes",
  removeImage: "changes",
  create: "changes",
  start: "changes",
  pause: "changes",
  unpause: "changes",
  stop: "changes",
  remove: "changes",
  rename: "changes",
  update: "changes",
};

const containerFileEffects: Effects<ContainerFiles> = {
  kindOf: "looks",
  read: "looks",
  folder: "looks",
  unpack: "changes",
  write: "changes",
};

const ownerFileEffects: Effects<OwnerFiles> = {
  read: "looks",
  archive: "looks",
  missingPrograms: "looks",
  make: "changes",
};

const secretFileEffects: Effects<SecretFiles> = {
  owners: "looks",
  reserve: "changes",
  write: "changes",
  remove: "changes",
};

const cgroupEffects: Effects<AggregateCgroups> = { bootId: "looks", exists: "looks", limit: "changes" };

const cutterEffects: Effects<MigCutter> = { create: "changes", destroy: "changes" };

/**
 * The ports, of which those calls that change something are refused from the moment on that the lock is lost
 * (StalledError `LockLost`): a process that was halted in the midst of a step goes on right where it was (I12).
 */
export function whileLocked(ports: ManagerPorts): ManagerPorts {
  const { lock, runtime, containerFiles, ownerFiles, provider, secretFiles, aggregateCgroups } = ports;
  return {
    ...ports,
    runtime: guarded(runtime, runtimeEffects, lock),
    containerFiles: guarded(containerFiles, containerFileEffects, lock),
    ownerFiles: guarded(ownerFiles, ownerFileEffects, lock),
    provider: guardedProvider(provider, lock),
    ...(secretFiles === undefined ? {} : { secretFiles: guarded(secretFiles, secretFileEffects, lock) }),
    ...(aggregateCgroups === undefined
      ? {}
      : { aggregateCgroups: guarded(aggregateCgroups, cgroupEffects, lock) }),
  };
}

/** The port itself, but for its calls that change something: those ask for the lock first. */
function guarded<Port extends object>(port: Port, effects: Effects<Port>, lock: InstanceLock): Port {
  return new Proxy(port, {
    get: (target, name) => {
      // With the port itself as `this`: its private fields are not those of a proxy.
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (effects[name as keyof Port] !== "changes") return value.bind(target);
      return async (...given: unknown[]): Promise<unknown> => {
        refuseIfLost(lock);
        return await Reflect.apply(value, target, given);
      };
    },
  });
}

/** Only the cutter of a provider changes anything. */
function guardedProvider(provider: DeviceProvider, lock: InstanceLock): DeviceProvider {
  const { cutter } = provider;
  if (cutter === undefined) return provider;
  const locked = guarded(cutter, cutterEffects, lock);
  return new Proxy(provider, {
    get: (target, name) => {
      if (name === "cutter") return locked;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
