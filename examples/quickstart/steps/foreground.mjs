import { say } from "./say.mjs";

/** Says what else can be tried, and waits for Ctrl-C. */
export async function stayInForeground({ cli, socketPath, engine, specs, container }, { signal }) {
  const { namespace, name } = container;
  say(`
It stays until Ctrl-C. Try it in another terminal:

  export DS01_SOCKET=${socketPath} DOCKER_HOST=${engine.dockerHost}
  alias ds01='node ${cli}'
  ds01 get containers -A -w
  ds01 describe container ${name} -n ${namespace}
  docker rm -f ${name}._.${namespace}              # comes back, on the same GPU
  ds01 stop ${name} -n ${namespace}                # keeps its GPU for 15 minutes
  rm ${specs}/users/${namespace}/${name}.yaml      # and it is gone
`);
  await new Promise((resolve) => {
    // A pending promise alone does not keep Node running.
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
  say("Cleaning up");
}
