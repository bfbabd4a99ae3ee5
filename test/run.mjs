// `npm test`: everything from a fresh clone to the closing line. Plain Node, because nothing is installed yet.
//   node test/run.mjs                 install, build, unit and engine tests
//   node test/run.mjs PATTERN...      the same with vitest's own arguments (file names, -t NAME)
//   node test/run.mjs --install-only  only npm ci, when node_modules lacks something
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const wanted = process.argv.slice(2);

if (wanted[0] === "--install-only") process.exit(install() ? 0 : 1);
close(await testAll());

/** What the run came to; `ok` is false also when every test passed but something else failed. */
async function testAll() {
  const prepared =
    install() &&
    step("the engine", process.execPath, ["--import", "tsx", "test/tools/ensure-engine.ts"]) &&
    step("the build", "npm", ["run", "--silent", "build"]);
  return prepared ? runVitest() : { passed: 0, failed: 1, skipped: 0, ok: false };
}

/** `npm ci`, unless node_modules already holds what package-lock.json names for this machine. */
function install() {
  const missing = firstMissingPackage();
  if (missing === undefined) return true;
  process.stderr.write(`npm ci: ${missing}\n`);
  const quiet = ["--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  return step("the installation", "npm", ["ci", ...quiet]);
}

/** Why node_modules is not what the lock file says, or undefined. */
function firstMissingPackage() {
  const installedList = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedList)) return "node_modules is missing";
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedList, "utf8")).packages;
  for (const [path, entry] of Object.entries(locked)) {
    if (path === "" || !isForThisMachine(entry)) continue;
    const found = existsSync(join(root, path)) ? installed[path]?.version : undefined;
    // What only a package for another machine needs is optional and names no machine itself.
    if (found === undefined && entry.optional && !entry.os && !entry.cpu) continue;
    if (found !== entry.version) return `${path} is ${found ?? "missing"}, wanted ${entry.version}`;
  }
  return undefined;
}

function isForThisMachine({ os, cpu, libc }) {
  return (
    allows(os, process.platform) &&
    allows(cpu, process.arch) &&
    (libc === undefined || allows(libc, ownLibc()))
  );
}

/** npm's rule for os, cpu and libc: one of the listed, or not one of those with a "!". */
function allows(listed, own) {
  return listed === undefined || listed.some((one) => one === own || (one[0] === "!" && one !== `!${own}`));
}

function ownLibc() {
  return existsSync("/etc/alpine-release") ? "musl" : "glibc";
}

function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), "ds01-test-"));
  const countsFile = join(folder, "counts.json");
  try {
    const projects = ["--project", "unit", "--project", "engine"];
    const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", ...projects, ...wanted];
    const ok = step("the tests", process.execPath, vitest, { DS01_TEST_COUNTS: countsFile });
    if (!existsSync(countsFile)) {
      process.stderr.write("vitest ended without a result\n");
      return { passed: 0, failed: 1, skipped: 0, ok: false };
    }
    const { projectsWithTests, ...counts } = JSON.parse(readFileSync(countsFile, "utf8"));
    const absent = ["unit", "engine"].filter((name) => !projectsWithTests.includes(name));
    if (wanted.length > 0 || absent.length === 0) return { ...counts, ok };
    process.stderr.write(`no test ran in: ${absent.join(", ")}\n`);
    return { ...counts, failed: counts.failed + 1, ok: false };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs one command with our output as its output and no input; says which step failed. */
function step(what, command, words, environment = {}) {
  const { status, signal, error } = spawnSync(command, words, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status === 0) return true;
  const why = error?.message ?? (signal === null ? `exit code ${status}` : signal);
  process.stderr.write(`${what} failed (${why}): ${command} ${words.join(" ")}\n`);
  return false;
}

/** The closing line, always the last one, and the exit code. */
function close({ passed, failed, skipped, ok }) {
  if (passed + failed === 0) process.stderr.write("no test ran\n");
  process.exitCode = ok && failed === 0 && passed > 0 ? 0 : 1;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}
