import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { bridgeNameOf } from "./dockerd.ts";
import { bedPath } from "./requirements.ts";

/** Adds the engine's own bridge to the host's network namespace, with the first free 10.213.x.1/24. */
export function addHostBridge(name: string): void {
  const bridge = bridgeNameOf(name);
  const taken = new Set(
    Object.values(networkInterfaces())
      .flat()
      .map((address) => address?.address),
  );
  const subnet = Array.from({ length: 255 }, (_, index) => index).find(
    (index) => !taken.has(`10.213.${index}.1`),
  );
  if (subnet === undefined) throw new Error("no free network among 10.213.0.0/24 to 10.213.254.0/24");
  ip("link", "add", "name", bridge, "type", "bridge");
  ip("addr", "add", `10.213.${subnet}.1/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
}

/** Removes the engine's bridge from the host's network namespace when it is there. */
export function removeHostBridge(name: string): void {
  const present = readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .some((line) => line.trimStart().startsWith(`${bridgeNameOf(name)}:`));
  if (present) ip("link", "delete", bridgeNameOf(name));
}

function ip(...command: string[]): void {
  execFileSync("busybox", ["ip", ...command], {
    env: { PATH: bedPath },
    stdio: ["ignore", "ignore", "pipe"],
  });
}
