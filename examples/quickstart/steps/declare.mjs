import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { exampleImage } from "./image.mjs";
import { QuickstartError } from "./run-state.mjs";
import { say } from "./say.mjs";
import { waitFor } from "./wait-for.mjs";

/**
 * Copies the example's specs into the specs directory, which is all it takes to declare them, and waits until every
 * container is Ready. Of those that want a GPU only as many as GPUs are free. Returns namespace and name of each.
 */
export async function declare({ ds01, exampleFolder, specs, image }, run) {
  const from = join(exampleFolder, "specs");
  const gpus = await ds01.items("gpus");
  let free = gpus.filter(({ spec, status }) => status.state === "Free" && spec.profile === undefined).length;
  say(`Copying the files of examples/quickstart/specs to ${specs}`);
  cpSync(join(from, "quotas"), join(specs, "quotas"), { recursive: true });
  const declared = [];
  for (const file of filesBelow(join(from, "users")).sort(trainFirst)) {
    const text = readFileSync(join(from, "users", file), "utf8").replace(
      `image: ${exampleImage}`,
      `image: ${image}`,
    );
    const container = { namespace: dirname(file), name: basename(file, ".yaml") };
    if (/^ {2}gpus:/m.test(text)) {
      if (free === 0) {
        say(`(not ${file}: no GPU is free)`);
        continue;
      }
      free -= 1;
    }
    mkdirSync(dirname(join(specs, "users", file)), { recursive: true });
    writeFileSync(join(specs, "users", file), text);
    declared.push(container);
  }
  await waitUntilReady(ds01, declared, run);
  return declared;
}

async function waitUntilReady(ds01, declared, { signal }) {
  let waiting = declared;
  const allReady = async () => {
    const ready = (await ds01.items("containers", "-A")).filter(isReady);
    waiting = declared.filter((one) => !ready.some(({ metadata }) => isSame(metadata, one)));
    return waiting.length === 0;
  };
  try {
    await waitFor("every container to be Ready", allReady, { signal, timeoutMs: 60_000 });
  } catch (error) {
    signal.throwIfAborted();
    const [{ namespace, name }] = waiting;
    const { output } = await ds01.call(["describe", "container", name, "-n", namespace]);
    throw new QuickstartError(`${error.message}; ${namespace}/${name} is not:\n${output}`);
  }
}

function isSame(left, right) {
  return left.namespace === right.namespace && left.name === right.name;
}

/** Whether the object's condition Ready holds. */
export function isReady({ status }) {
  return status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True");
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".yaml"));
}

/** The first one is what the repair is shown with. */
function trainFirst(left, right) {
  return (
    Number(right.endsWith("train.yaml")) - Number(left.endsWith("train.yaml")) || left.localeCompare(right)
  );
}
