import { defineConfig } from "vitest/config";
import { CiReporter } from "./test/ci-reporter.ts";
import { FaultReporter } from "./test/fault-reporter.ts";

export default defineConfig({
  test: {
    reporters: ["default", new CiReporter(), new FaultReporter()],
    projects: [
      // Property tests on a busy machine take longer than five seconds, and how long is not what they are about.
      {
        test: {
          name: "unit",
          include: [
            "src/**/*.test.ts",
            "test/*.test.ts",
            "test/simulation/*.test.ts",
            "test/mutations/*.test.ts",
            "test/soak/*.test.ts",
          ],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/contract/**/*.test.ts", "test/integration/**/*.test.ts", "test/e2e/**/*.test.ts"],
          globalSetup: ["test/bed/global-setup.ts"],
          // The longest take a minute where they were written: a machine that is several times slower is no failure.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 90_000, interval: 100 } },
          fileParallelism: false,
        },
      },
    ],
  },
});
