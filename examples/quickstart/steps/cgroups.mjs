import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./wait-for.mjs";

/** Removes a cgroup and those below it in every hierarchy, as soon as the last process in them has ended. */
export async function removeCgroups(name) {
  await waitFor("the last process of the private engine to end", () => removeAll(name), { intervalMs: 20 });
}

function removeAll(name) {
  const paths = hierarchies().flatMap((mount) => deepestFirst(join(mount, name)));
  return paths.map(removed).every(Boolean);
}

function hierarchies() {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return mounts.flatMap((line) => {
    const [left, right] = line.split(" - ");
    return /^cgroup2? /.test(right ?? "") ? [left.split(" ")[4]] : [];
  });
}

function deepestFirst(path) {
  try {
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...below.flatMap((entry) => deepestFirst(join(path, entry.name))), path];
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

function removed(path) {
  try {
    rmdirSync(path);
  } catch (error) {
    if (error.code === "EBUSY") return false;
    if (error.code !== "ENOENT") throw error;
  }
  return true;
}
