import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { waitFor } from "../bed/wait-for.ts";
import { startHost, type Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const second = 1000;
const minute = 60 * second;

/** Two GPUs, the first of which is reserved for a course. */
describe("a GPU that is reserved for others", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "reservations", nvidia: "2xA100-80GB", configuration: "trust: path\n" });
  });

  afterAll(async () => host.stop());

  const reserve = (
    from: number,
    until: number,
    spec: object = { devices: ["0"] },
    name = "course",
  ): string => {
    const [start, end] = [from, until].map((at) => new Date(at).toISOString());
    const subjects = { users: ["cora"] };
    return host.drop(
      `reservations/${name}.yaml`,
      stringify({
        apiVersion: "ds01.io/v1alpha1",
        kind: "ReservationSpec",
        metadata: { name },
        spec: { subjects, ...spec, start, end },
      }),
    );
  };

  const declare = (key: string, spec: object = {}): void => {
    const [, name = ""] = key.split("/");
    host.drop(
      `users/${key}.yaml`,
      containerSpec(name, { gpus: { count: 1 }, stopGracePeriod: "2s", ...spec }),
    );
  };

  const slotOf = async (key: string): Promise<string | undefined> =>
    (await host.waitForReady(key)).status.gpus[0]?.slot;

  const stateOf = async (name = "course"): Promise<string> =>
    (await host.ds01("get", "reservation", name, "-o", "jsonpath={.status.state}")).stdout;

  it("must go to others before the window only for what ends in time, and say how short that is", async () => {
    const begins = Date.now() + 60 * minute;
    reserve(begins, begins + 60 * minute);
    await waitFor("the reservation to be in effect", async () => (await stateOf()) === "Coming");
    declare("alice/endless");
    expect(await slotOf("alice/endless")).toBe("1");
    declare("alice/late");
    const late = await host.waitForObject(
      "alice/late",
      "waiting for the reservation",
      ({ status }) => status.reason === "ReservedForOthers",
    );
    expect(late.status.message).toMatch(
      /GPU 0 is reserved for course \(reservations\/course\.yaml:\d+\) from .* to .* \(UTC\)\./,
    );
    expect(late.status.message).toMatch(/A maxRuntime of at most \d+m starts now/);
    declare("alice/short", {
      command: ["true"],
      restartPolicy: "Never",
      lifecycle: { maxRuntime: "10m", holdGpuAfterStop: "0s" },
    });
    await host.waitForPhase("alice/short", "Completed");
  });

  it("must stand in every list", async () => {
    const gpus = (await host.ds01("get", "gpus")).stdout;
    expect(gpus).toMatch(/^0 .*course \(in \d+m\)/m);
    expect(gpus).not.toMatch(/^1 .*course/m);
    const queue = (await host.ds01("queue")).stdout;
    expect(queue).toMatch(/^1 +alice +late .*ReservedForOthers/m);
    expect(queue).toMatch(/^course +cora +0 .*Coming, in \d+m/m);
    expect((await host.ds01("get", "reservations")).stdout).toMatch(
      /^course +cora +GPU 0 .*Coming +in \d+m +0 /m,
    );
    const described = (await host.ds01("describe", "reservation", "course")).stdout;
    expect(described).toMatch(/^For: +users cora$/m);
    expect(described).toMatch(/^State: +Coming, in \d+m$/m);
    expect(described).toMatch(/^Kept: +GPU 0$/m);
    expect((await host.ds01("why", "late", "-n", "alice")).stdout).toContain("is reserved for course");
  });

  it("must keep what was in effect when the file is damaged, and say where it is wrong", async () => {
    const good = host.read("reservations/course.yaml");
    host.drop("reservations/course.yaml", good.replace("users:", "user:"));
    await waitFor("the mistake to be told", async () =>
      (await host.ds01("describe", "reservation", "course")).stdout.includes("SpecInvalid"),
    );
    const told = (await host.ds01("describe", "reservation", "course")).stdout;
    expect(told).toMatch(
      /reservations\/course\.yaml:\d+:\d+: spec\.subjects\.user: unknown field, did you mean "users"\?/,
    );
    expect(told).toMatch(/^Kept: +GPU 0$/m);
    expect((await host.container("alice/late"))?.status.reason).toBe("ReservedForOthers");
    host.drop("reservations/course.yaml", good);
  });

  it("must be for its people alone while the window is open, and for all when it is over, by time alone", async () => {
    const ends = Date.now() + 20 * second;
    reserve(Date.now() - minute, ends);
    await waitFor("the window to be open", async () => (await stateOf()) === "Open");
    declare("cora/lab", { lifecycle: { holdGpuAfterStop: "0s" }, restartPolicy: "Never", command: ["true"] });
    await host.waitForPhase("cora/lab", "Completed");
    const started = await host.waitForReady("alice/late");
    expect(started.status.gpus[0]?.slot).toBe("0");
    expect(Date.parse(started.status.container?.startedAt ?? "")).toBeGreaterThanOrEqual(ends - second);
    await waitFor("the window to be over", async () => (await stateOf()) === "Over");
  });

  it("must warn who is in the way of a window, and stop nobody", async () => {
    const before = (await host.waitForReady("alice/endless")).status.container?.startedAt;
    reserve(Date.now() - minute, Date.now() + 60 * minute, { devices: ["1"] }, "deadline");
    const warned = await host.waitForEvent("alice/endless", "BlocksReservation");
    expect(warned.message).toMatch(/GPU 1 is reserved for deadline .*no end in sight.*not stopped for that/);
    expect((await host.ds01("describe", "reservation", "deadline")).stdout).toMatch(
      /In its way.*\n.*GPU +HELD BY +UNTIL\n +1 +alice\/endless +no end in sight/,
    );
    const after = await host.waitForReady("alice/endless");
    expect(after.status.container?.startedAt).toBe(before);
    host.removeFile("reservations/deadline.yaml");
    await waitFor("the reservation to be gone", async () =>
      (await host.ds01("get", "reservation", "deadline")).stderr.includes("not found"),
    );
    await host.waitForObject("alice/endless", "no longer in the way", ({ status }) =>
      status.conditions.every(({ type }) => type !== "BlocksReservation"),
    );
  });
});
