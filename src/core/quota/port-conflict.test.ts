import { describe, expect, it } from "vitest";
import type { Port } from "../../api/container.ts";
import type { ObservedContainer, PublishedPort } from "../observed.ts";
import { labels } from "../../api/names.ts";
import { desiredContainer } from "../../../test/support/desired-container.ts";
import { containerOf } from "../../../test/support/fake-container.ts";
import { fakeImage } from "../../../test/support/fake-images.ts";
import { portConflict, portUses } from "./port-conflict.ts";

const wanted: Port = { containerPort: 80, hostPort: 8888, hostIP: "127.0.0.1", protocol: "TCP" };

function container(port: Partial<PublishedPort>, fields: Partial<ObservedContainer> = {}): ObservedContainer {
  const published = {
    containerPort: 80,
    hostPort: 8888,
    hostIp: "127.0.0.1",
    protocol: "tcp",
    ...port,
  } as const;
  const image = fakeImage("bed/base:1");
  const made = containerOf(desiredContainer("web", { ports: [published] }), image, "one", 0);
  return { ...made, state: "running", ...fields };
}

function conflict(
  other: ObservedContainer,
  port: Partial<Port> = {},
  own: readonly string[] = [],
): string | null {
  return portConflict([{ ...wanted, ...port }], portUses([other]), new Set(own))?.use.holder ?? null;
}

describe("a port of the host", () => {
  it.each([
    ["the same address", container({}), {}, "web"],
    ["all addresses held", container({ hostIp: "0.0.0.0" }), {}, "web"],
    ["Docker's word for all", container({ hostIp: "" }), { hostIP: "::1" }, "web"],
    ["all addresses wanted", container({}), { hostIP: "0.0.0.0" }, "web"],
    ["all of IPv6", container({ hostIp: "::" }), { hostIP: "::1" }, "web"],
    ["another family", container({ hostIp: "::" }), {}, null],
    ["another address", container({ hostIp: "10.0.0.1" }), {}, null],
    ["another port", container({ hostPort: 8889 }), {}, null],
    ["a port that Docker chose", container({ hostPort: null }), {}, null],
    ["another protocol", container({ protocol: "udp" }), {}, null],
    ["one that Docker is to choose", container({}), { hostPort: undefined }, null],
    ["a container that has ended", container({}, { state: "exited" }), {}, null],
    ["a paused one, which still holds it", container({}, { state: "paused" }), {}, "web"],
    [
      "one of ours",
      container({}, { labels: { [labels.user]: "bob", [labels.name]: "site" } }),
      {},
      "bob/site",
    ],
  ] as const)("with %s", (_what, other, port, holder) => {
    expect(conflict(other, port as Partial<Port>)).toBe(holder);
  });

  it("that its own container holds must be no conflict", () => {
    expect(conflict(container({}), {}, ["one"])).toBeNull();
  });
});
