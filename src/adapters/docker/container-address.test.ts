import { describe, expect, it } from "vitest";
import { addressOf } from "./container-address.ts";
import type { NetworkJson } from "./container-address.ts";

function json(mode: string, addresses: readonly object[], status = "running"): NetworkJson {
  return {
    State: { Status: status },
    HostConfig: { NetworkMode: mode },
    NetworkSettings: {
      Networks: Object.fromEntries(addresses.map((address, index) => [`n${index}`, address])),
    },
  };
}

describe("where a container's ports are reached", () => {
  it("is its own address, IPv6 where there is no other", () => {
    expect(addressOf(json("bridge", [{ IPAddress: "172.17.0.2" }]))).toBe("172.17.0.2");
    expect(addressOf(json("lab", [{ IPAddress: "" }, { IPAddress: "", GlobalIPv6Address: "fd00::2" }]))).toBe(
      "fd00::2",
    );
  });

  it("is the loopback only for who is in the host's network", () => {
    expect(addressOf(json("host", [{ IPAddress: "" }]))).toBe("127.0.0.1");
    expect(() => addressOf(json("none", [{ IPAddress: "" }]))).toThrow("no address");
    expect(() => addressOf(json("bridge", [{ IPAddress: "172.17.0.2" }], "exited"))).toThrow("it is exited");
  });
});
