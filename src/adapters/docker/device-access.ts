import { text } from "node:stream/consumers";
import type { ContainerAccess } from "../../ports/container-access.ts";
import type { AccessVerdict, DeviceAccess } from "../../ports/device-access.ts";
import { messageOf } from "../../util/errors.ts";
import { deviceRules } from "./device-rules.ts";

const deadlineMs = 10_000;

/** Opens each node and closes it at once; the shell says why one cannot be opened. */
const openEach =
  'for node in /dev/nvidiactl /dev/nvidia[0-9]*; do [ -c "$node" ] && (: <"$node") && echo "opened $node"; done; true';

export interface DeviceAccessOptions {
  readonly containers: Pick<ContainerAccess, "exec">;
  /** Where processes and cgroups are looked up; `/proc` and `/sys/fs/cgroup`. */
  readonly procRoot?: string;
  readonly cgroupRoot?: string;
}

/**
 * Reads the device rules of the container's cgroup where the kernel shows them (cgroup v1, engine on this machine): a
 * file, no process. Elsewhere a shell in the container opens the nodes; a container without one is `unknown`.
 */
export function deviceAccess({
  containers,
  procRoot = "/proc",
  cgroupRoot = "/sys/fs/cgroup",
}: DeviceAccessOptions): DeviceAccess {
  /** A driver that hangs keeps the shell for ever: no second one beside it. */
  const open = new Map<string, Promise<AccessVerdict>>();

  async function ask(id: string): Promise<AccessVerdict> {
    const session = await containers.exec(id, { command: ["sh", "-c", openEach], stdin: false, tty: false });
    const said = await Promise.all([text(session.stdout), text(session.stderr ?? session.stdout)]);
    await session.wait();
    return verdictOf(said.join("\n"));
  }

  function askOnce(id: string): Promise<AccessVerdict> {
    if (open.has(id)) return Promise.resolve(unknown("an earlier look has not ended: does the driver hang?"));
    const asked = ask(id)
      .catch((error: unknown) => unknown(messageOf(error)))
      .finally(() => open.delete(id));
    open.set(id, asked);
    return Promise.race([asked, late()]);
  }

  return {
    probe: async ({ id, pid }) => {
      const rules = pid === null ? null : await deviceRules({ id, pid, procRoot, cgroupRoot });
      if (rules === null) return askOnce(id);
      const gpus = rules.nodes.filter(({ path }) => isGpu(path));
      const [first] = gpus;
      if (first === undefined) return unknown("it has no NVIDIA device nodes");
      // An image or a mount may show nodes of other GPUs, which were never the container's to open.
      return gpus.some((node) => rules.allows(node))
        ? { type: "granted" }
        : { type: "denied", node: first.path };
    },
  };
}

/** Only "Operation not permitted" is the cgroup's doing; "No such device" and the like are the driver's. */
function verdictOf(said: string): AccessVerdict {
  if (/^opened \/dev\/nvidia\d/m.test(said)) return { type: "granted" };
  const denied = /(\/dev\/nvidia\w+): Operation not permitted/i.exec(said)?.[1];
  if (denied !== undefined) return { type: "denied", node: denied };
  return /not found|no such file|not running/i.test(said) ? unknown(said.trim()) : { type: "granted" };
}

function isGpu(path: string): boolean {
  return /\/nvidia\d+$/.test(path);
}

function unknown(message: string): AccessVerdict {
  return { type: "unknown", message };
}

function late(): Promise<AccessVerdict> {
  return new Promise((resolve) => {
    setTimeout(
      () => resolve(unknown(`no answer in ${deadlineMs} ms: does the driver hang?`)),
      deadlineMs,
    ).unref();
  });
}
