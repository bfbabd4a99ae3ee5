import { defineCommand } from "../command.ts";
import { runController } from "../load-daemon.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 controller` */
export const controller = defineCommand({
  usage: ["[--once] [--dry-run]"],
  description: [
    'Keeps containers as the spec files declare them until SIGTERM, which ends it with 0 and leaves the containers running. Logs go to standard error; the line with `msg: "ready"` says that it is ready, as does sd_notify under systemd.',
    "Flags beat variables, which beat the configuration file.",
  ],
  options: {
    once: { summary: "reconcile until settled; 0 if everything is as declared, else 1" },
    "dry-run": { summary: "log what would be done, and do nothing" },
    config: { value: "FILE", summary: "configuration (DS01_CONFIG; /etc/ds01/config.yaml)" },
    specs: { value: "DIR", summary: "spec files (DS01_SPECS; /srv/ds01/specs)" },
    "state-dir": { value: "DIR", summary: "state (DS01_STATE_DIR; /var/lib/ds01)" },
    "run-dir": { value: "DIR", summary: "socket (DS01_RUN_DIR; /run/ds01)" },
    "log-dir": { value: "DIR", summary: "events and operations log (DS01_LOG_DIR; /var/log/ds01)" },
    "docker-host": { value: "URL", summary: "engine (DOCKER_HOST; unix:///var/run/docker.sock)" },
    gpus: {
      value: "WHICH",
      summary: "auto, nvidia, none or simulated:FILE, and after commas tpu or cdi (DS01_GPUS; auto)",
    },
    "log-format": { value: "FORMAT", summary: "json or pretty (default json)" },
  },
  examples: [
    ["ds01 controller", "run it; deploy/ has a systemd unit"],
    ["ds01 controller --once --dry-run --log-format pretty", "what would it do now?"],
  ],
  async run({ options, positionals }) {
    if (positionals.length > 0)
      throw new UsageError(`controller takes no argument; found "${positionals.join(" ")}"`);
    const { "log-format": logFormat = "json", ...others } = options;
    if (logFormat !== "json" && logFormat !== "pretty") {
      throw new UsageError(`--log-format is json or pretty; found "${logFormat}"`);
    }
    return runController({
      once: others.once,
      dryRun: others["dry-run"],
      logFormat,
      ...given("config", others.config),
      ...given("specs", others.specs),
      ...given("stateDir", others["state-dir"]),
      ...given("runDir", others["run-dir"]),
      ...given("logDir", others["log-dir"]),
      ...given("dockerHost", others["docker-host"]),
      ...given("gpus", others.gpus),
    });
  },
});

function given<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  // A computed key widens to an index signature; exactly this one key is set.
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: string });
}
