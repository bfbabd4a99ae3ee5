import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A whole disk of this machine; any will do, for nothing is read from it. */
export const disk = `/dev/${
  readdirSync("/sys/block")
    .filter((name) => existsSync(`/dev/${name}`))
    .toSorted((left, right) => sizeOf(right) - sizeOf(left))[0]!
}`;

function sizeOf(name: string): number {
  return Number(readFileSync(`/sys/block/${name}/size`, "utf8"));
}
