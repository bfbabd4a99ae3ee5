import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { QuickstartError } from "./run-state.mjs";
import { runProgram } from "./run-program.mjs";
import { say } from "./say.mjs";

/** What the build reads; `dist/cli/package.json` is what it writes last. */
const buildInputs = ["src", "esbuild.config.mjs", "tsconfig.json", "tsconfig.build.json", "package.json"];
const buildStamp = "dist/cli/package.json";

/** Installs what package-lock.json names and builds, each only where it is missing or out of date. */
export async function prepare(root, run) {
  if (!isInstalled(root)) {
    say("Installing the dependencies of package-lock.json (npm ci)");
    await npm(
      ["ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"],
      root,
      run,
    );
  }
  if (!isBuilt(root)) {
    say("Building (npm run build)");
    await npm(["run", "build"], root, run);
  }
}

async function npm(words, root, { signal }) {
  const { code, output, errors } = await runProgram("npm", words, { cwd: root, signal });
  signal.throwIfAborted();
  if (code === 0) return;
  throw new QuickstartError(
    `npm ${words.join(" ")} failed (exit code ${code}):\n${output}${errors}`.trimEnd(),
  );
}

function isInstalled(root) {
  const installedList = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedList)) return false;
  const locked = packagesOf(join(root, "package-lock.json"));
  const installed = packagesOf(installedList);
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === "" ||
      optional === true ||
      (installed[path]?.version === version && existsSync(join(root, path))),
  );
}

function packagesOf(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages;
}

function isBuilt(root) {
  const stamp = join(root, buildStamp);
  if (!existsSync(stamp)) return false;
  const builtAt = statSync(stamp).mtimeMs;
  return buildInputs.every((input) => newest(join(root, input)) <= builtAt);
}

function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
