import { setTimeout as sleep } from "node:timers/promises";
import { fillHost } from "./apply50.ts";
import type { BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";

const containers = 100;
const lookMs = 20_000;

/** What the controller costs while nothing happens. */
export async function idle(host: BenchHost): Promise<void> {
  const { controller, cpu, report } = host;
  await fillHost(
    host,
    Array.from({ length: containers }, (_, index) => `i${index}`),
  );
  await settled(host);
  await sleep(3000);
  const before = cpu?.read();
  await sleep(lookMs);
  const after = cpu?.read();
  if (before !== undefined && after !== undefined) {
    const percent = (ms: number): string => `${((ms / lookMs) * 100).toFixed(3)} % of a core`;
    report.figure(
      `idle, controller, ${containers} containers`,
      percent(after.controllerMs - before.controllerMs),
    );
    report.figure("idle, engine", percent(after.engineMs - before.engineMs));
  }
  const bytes = controller.residentBytes();
  report.figure(`resident memory, ${containers} containers`, `${(bytes / 1024 ** 2).toFixed(0)} MiB`);
}
