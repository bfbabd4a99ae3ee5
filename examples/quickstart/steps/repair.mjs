import { isReady } from "./declare.mjs";
import { say, sayCommand, sayOutput } from "./say.mjs";
import { waitFor } from "./wait-for.mjs";

/** Kills a container behind the controller's back and shows that it runs again. */
export async function showRepair({ ds01, docker, container: { namespace, name } }, { signal }) {
  const dockerName = `${name}._.${namespace}`;
  const restartsOf = ({ status }) => status.restarts ?? 0;
  const find = async () =>
    (await ds01.items("containers", "-n", namespace)).find((one) => one.metadata.name === name);
  const before = restartsOf(await find());

  say("\nNow somebody kills a container by hand, and ds01 repairs it:");
  sayCommand(`docker kill ${dockerName}`);
  const killed = docker.getContainer(dockerName);
  const startedBefore = (await killed.inspect()).State.StartedAt;
  const killedAt = Date.now();
  await killed.kill();
  sayOutput(dockerName);
  const startedAgain = async () => {
    const { State } = await killed.inspect();
    return State.Running && State.StartedAt !== startedBefore;
  };
  await waitFor(`${dockerName} to run again`, startedAgain, { signal, intervalMs: 10 });
  say(`\nRunning again after ${((Date.now() - killedAt) / 1000).toFixed(2)} s, with the same GPU:`);
  await waitFor(
    `${namespace}/${name} to be Ready again`,
    async () => {
      const now = await find();
      return restartsOf(now) > before && isReady(now);
    },
    { signal },
  );
  await ds01.show("get", "containers", "-A");
  await ds01.show("events", "-n", namespace, "--for", `container/${name}`);
}
