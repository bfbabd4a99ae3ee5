import { existsSync, mkdirSync, openSync, closeSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { basename, join } from "node:path";
import { removeCgroups } from "./cgroups.mjs";
import { QuickstartError } from "./run-state.mjs";
import { ended, findProgram, programPath, runProgram, startProgram } from "./run-program.mjs";
import { say } from "./say.mjs";
import { waitFor } from "./wait-for.mjs";

// The engine lives in namespaces of its own: what it mounts, the bridge it makes and every process it starts end with
// the first process in there. /run and /opt are covered because containerd writes to them whatever it is told.
const insideNamespaces = `
set -e
for folder in /run /opt /etc/docker; do mount -t tmpfs -o mode=0755 ds01-quickstart "$folder"; done
ip link set lo up 2>/dev/null || true
dockerd "$@" & wait $!
`;

/** Starts an engine in `folder` that ends with the run; installs docker.io first where it may. Returns its DOCKER_HOST. */
export async function startPrivateEngine(folder, tried, run) {
  say(`No Docker Engine answers (${tried.join("; ")}).`);
  await ensureDockerd(run);
  say("Starting a private engine: its own folder, processes and network, all gone at the end");
  const socketPath = join(folder, "docker.sock");
  const logPath = join(folder, "dockerd.log");
  const cgroup = basename(folder);
  mkdirSync("/etc/docker", { recursive: true });
  const log = openSync(logPath, "a");
  run.undo("remove the cgroups of the private engine", () => removeCgroups(cgroup));
  const child = startProgram(
    "unshare",
    [...namespaces, "sh", "-c", insideNamespaces, "dockerd", ...flags(folder, cgroup)],
    {
      cwd: "/",
      env: { PATH: programPath, HOME: folder },
      log,
    },
  );
  closeSync(log);
  run.undo("stop the private engine", async () => {
    child.kill("SIGKILL");
    await ended(child);
  });
  await waitFor(
    "the private engine to answer",
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw didNotStart(logPath);
      return answers(socketPath);
    },
    { signal: run.signal, intervalMs: 20 },
  );
  return `unix://${socketPath}`;
}

const namespaces = "--mount --propagation private --net --pid --fork --kill-child=SIGKILL --mount-proc".split(
  " ",
);

function flags(folder, cgroup) {
  return [
    `--data-root=${join(folder, "engine")}`,
    `--exec-root=${join(folder, "exec")}`,
    `--pidfile=${join(folder, "docker.pid")}`,
    `--host=unix://${join(folder, "docker.sock")}`,
    `--cgroup-parent=/${cgroup}`,
    "--exec-opt=native.cgroupdriver=cgroupfs",
    "--group=root",
    "--log-level=warn",
    // Nothing leaves the engine's own network, so nothing needs rules.
    "--iptables=false",
    "--ip6tables=false",
    "--ip-masq=false",
    "--ip-forward=false",
  ];
}

async function ensureDockerd({ signal }) {
  const isRoot = process.getuid?.() === 0;
  const isDebian = existsSync("/etc/debian_version");
  const present = findProgram("dockerd") !== undefined;
  if (!isRoot || (!present && !isDebian))
    throw new QuickstartError(whatToInstall({ isRoot, isDebian, present }));
  if (present) return;
  say("Installing docker.io with apt-get");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", PATH: programPath };
  for (const words of [
    ["update", "-q"],
    ["install", "-y", "-q", "--no-install-recommends", "docker.io"],
  ]) {
    const { code, errors } = await runProgram("apt-get", words, { env, signal });
    signal.throwIfAborted();
    if (code !== 0)
      throw new QuickstartError(`apt-get ${words.join(" ")} failed (exit code ${code}): ${errors.trim()}`);
  }
  if (findProgram("dockerd") === undefined)
    throw new QuickstartError("docker.io is installed, but brought no dockerd");
}

function whatToInstall({ isRoot, isDebian, present }) {
  const install = isDebian ? "sudo apt-get install docker.io" : "see https://docs.docker.com/engine/install/";
  if (present)
    return "Start the Docker Engine (sudo systemctl start docker), or set DOCKER_HOST, and run this again.";
  if (isRoot) return `Install Docker Engine (${install}), or set DOCKER_HOST, and run this again.`;
  return `Install Docker Engine (${install}) and join its group (sudo usermod -aG docker $USER), or set DOCKER_HOST, or run this as root.`;
}

function didNotStart(logPath) {
  const tail = readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-8).join("\n");
  return new QuickstartError(
    `The private engine did not start; this machine may not allow it. Its last words:\n${tail}`,
  );
}

function answers(socketPath) {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: "/_ping", timeout: 1_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
