import { parseArgs } from "node:util";
import { destroyEngine, listEngines, startEngine } from "./engine.ts";
import type { EngineNetwork } from "./engine.ts";

const usage = `usage: npx tsx test/bed/main.ts up NAME [--net none|bridge|netns] [--nvidia SPEC] [--live-restore] [--nvidia-default-runtime]
       npx tsx test/bed/main.ts down NAME
       npx tsx test/bed/main.ts list`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      net: { type: "string", default: "netns" },
      nvidia: { type: "string" },
      "live-restore": { type: "boolean", default: false },
      "nvidia-default-runtime": { type: "boolean", default: false },
    },
  });
  const [verb, name] = positionals;
  if (verb === "list") {
    for (const { name: found, answers, record } of await listEngines()) {
      process.stdout.write(
        `${found}\t${answers ? "up" : "down"}\t${record?.options.network ?? "netns"}\t${record?.options.nvidia ?? "-"}\n`,
      );
    }
    return 0;
  }
  if (name === undefined || !isNetwork(values.net)) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  if (verb === "down") {
    await destroyEngine(name);
    return 0;
  }
  if (verb !== "up") {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const engine = await startEngine({
    name,
    network: values.net,
    liveRestore: values["live-restore"],
    nvidiaDefaultRuntime: values["nvidia-default-runtime"],
    keep: true,
    ...(values.nvidia === undefined ? {} : { nvidia: values.nvidia }),
  });
  process.stdout.write(`${engine.dockerHost}\n`);
  return 0;
}

function isNetwork(value: string): value is EngineNetwork {
  return ["none", "bridge", "netns"].includes(value);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
