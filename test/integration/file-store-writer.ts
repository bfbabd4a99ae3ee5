import { FileStore } from "../../src/adapters/store/file-store.ts";
import { containerRecord } from "../support/records.ts";
import { silentLog } from "../support/silent-log.ts";

/** Writes records without end and prints `NAME GENERATION` after each that was acknowledged; a test kills it. */
async function writeForEver(stateDir: string): Promise<never> {
  const store = new FileStore({ stateDir, log: silentLog() });
  for (let count = 0; ; count++) {
    const name = `n${count % 5}`;
    const record = store.get("ContainerSpec", `alice/${name}`) ?? containerRecord("alice", name);
    const stored = await store.put({ ...record, generation: record.generation + 1 });
    process.stdout.write(`${name} ${stored.generation}\n`);
  }
}

await writeForEver(process.argv[2] ?? "");
