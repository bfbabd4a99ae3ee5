import { describe, expect, test } from "vitest";
import { parseTopology } from "./parse-topology.ts";

function table(output: string): string[] {
  return [...parseTopology(output)].map(
    ([row, ways]) => `${row}: ${[...ways].map(([column, link]) => `${column} ${link}`).join(", ")}`,
  );
}

/** Underlined header, tabs, and two tabs behind the last column, as real ones have them. */
function matrix(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const header = `\t\u001b[4m${columns.join("\t")}\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u001b[0m`;
  return [header, ...rows.map((row) => [...row, "0-15", "0", "", "N/A"].join("\t"))].join("\n");
}

describe("parseTopology", () => {
  test("reads NVLinks under an underlined header", () => {
    const rows = [
      ["GPU0", " X ", "NV12"],
      ["GPU1", "NV12", " X "],
    ];
    expect(table(matrix(["GPU0", "GPU1"], rows))).toEqual(["0: 1 NV12", "1: 0 NV12"]);
  });

  test("skips network cards, in columns and rows, and the legend", () => {
    const rows = [
      ["GPU0", " X ", "NODE", "PIX", "SYS"],
      ["GPU1", "NODE", " X ", "NODE", "SYS"],
      ["NIC0", "PIX", "NODE", " X ", "SYS"],
      ["mlx5_1", "SYS", "SYS", "SYS", " X "],
    ];
    const output = `${matrix(["GPU0", "GPU1", "NIC0", "mlx5_1"], rows)}\n\nLegend:\n\n  X    = Self\n  SYS  = Connection\n\nNIC Legend:\n\n  NIC0: mlx5_0\n`;
    expect(table(output)).toEqual(["0: 1 NODE", "1: 0 NODE"]);
  });

  test("reads what old drivers print: SOC, no NUMA columns, a trailing tab, carriage returns", () => {
    const output =
      "\tGPU0\tGPU1\tGPU2\tCPU Affinity\r\nGPU0\t X \tPHB\tSOC\t0-9,20-29\t\t\r\n" +
      "GPU1\tPHB\t X \tSOC\t0-9,20-29\t\t\r\nGPU2\tSOC\tSOC\t X \t10-19\t\t\r\n";
    expect(table(output)).toEqual(["0: 1 PHB, 2 SYS", "1: 0 PHB, 2 SYS", "2: 0 SYS, 1 SYS"]);
  });

  test("knows every way, and leaves out what it does not know", () => {
    const words = ["PIX", "PXB", "PHB", "NODE", "SYS", "PSB", "NV18", "N/A", "NV", "NV0", "ERR!"];
    const columns = ["GPU0", ...words.map((_, place) => `GPU${place + 1}`)];
    const rows = columns.map((name, place) => [name, ...columns.map(() => (place === 0 ? "" : "SYS"))]);
    rows[0] = ["GPU0", " X ", ...words];
    const [first] = table(matrix(columns, rows));
    expect(first).toBe("0: 1 PIX, 2 PXB, 3 PHB, 4 NODE, 5 SYS, 6 PSB, 7 NV18");
  });

  test("numbers need not begin at 0 nor follow one another", () => {
    const rows = [
      ["GPU2", " X ", "PIX"],
      ["GPU10", "PIX", " X "],
    ];
    expect(table(matrix(["GPU2", "GPU10"], rows))).toEqual(["2: 10 PIX", "10: 2 PIX"]);
  });

  test.each([
    ["nothing", ""],
    ["another answer", "No devices were found"],
    ["rows cut off", matrix(["GPU0", "GPU1"], [["GPU0", " X ", "PIX"]])],
    ["a row too many", "\tGPU0\nGPU0\t X \nGPU1\tPIX\n"],
  ])("refuses %s", (_name, output) => {
    expect(() => parseTopology(output)).toThrow(/topo -m/);
  });
});
