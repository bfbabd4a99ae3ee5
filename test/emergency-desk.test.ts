import { expect, test } from "vitest";
import { EmergencyDesk } from "../src/controller/emergency-desk.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { MemoryDocument } from "./support/memory-document.ts";
import { silentLog } from "./support/silent-log.ts";

/** A disk that is full for so many writes. */
class FullDocument extends MemoryDocument {
  refusals = 2;

  override async write(value: unknown): Promise<void> {
    this.refusals -= 1;
    if (this.refusals >= 0) throw new Error("no space left on device");
    await super.write(value);
  }
}

test("an emergency stop that could not be written down is written as soon as that goes", async () => {
  const [clock, document] = [new ManualClock(), new FullDocument()];
  const events = { record: () => undefined };
  const options = { document, clock, events, log: silentLog(), onChange: () => undefined };
  const desk = new EmergencyDesk(options);
  const asked = desk.stop({ user: "alice", by: "root", reason: "smoke" });
  await expect(asked).rejects.toThrow("no space left on device");
  expect(new EmergencyDesk(options).stops).toEqual([]);

  for (let look = 0; look < 2; look += 1) {
    clock.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(new EmergencyDesk(options).stops).toMatchObject([{ user: "alice" }]);
});
