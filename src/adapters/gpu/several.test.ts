import { expect, test } from "vitest";
import { gpu, inventory } from "../../../test/support/devices.ts";
import type { DeviceReport } from "../../core/health/device-report.ts";
import { noneProvider } from "./none.ts";
import { SeveralProviders } from "./several.ts";

const report: DeviceReport = {
  busId: "00000000:01:00.0",
  lost: null,
  recoveryAction: null,
  remappingPending: false,
  remappingFailed: false,
  uncorrectedErrors: 0,
  temperatureCelsius: 40,
};

test("devices beside the GPUs do not hide what the driver says of the health of the GPUs", async () => {
  const reports = new Map([["GPU-0", report]]);
  const gpus = { ...noneProvider, discover: async () => ({ ...inventory([gpu(0)]), reports }) };
  const others = { ...noneProvider, owns: () => false };

  const found = await new SeveralProviders(gpus, [others]).discover();

  expect(found.reports).toEqual(reports);
});

test("who says nothing about health has nothing said about it", async () => {
  const others = { ...noneProvider, owns: () => false };
  const found = await new SeveralProviders(noneProvider, [others]).discover();
  expect(found.reports).toBeUndefined();
});
