import { describe, expect, test } from "vitest";
import { knownFields, parseQuery, type QueryField, wantedFields } from "./parse-query.ts";

const uuid = "GPU-b4895dbf-9350-2524-a89b-98161ddd9fe4";
const mib = 1024 ** 2;

function row(change: Partial<Record<QueryField, string>>): string {
  const idle: Record<QueryField, string> = {
    uuid,
    "pci.bus_id": "00000000:00:09.0",
    "memory.total": "81559",
    "memory.used": "19818",
    "utilization.gpu": "100",
    "mig.mode.current": "Disabled",
    compute_mode: "Default",
    "remapped_rows.pending": "No",
    "remapped_rows.failure": "No",
    "ecc.errors.uncorrected.volatile.total": "0",
    "temperature.gpu": "61",
    gpu_recovery_action: "None",
    compute_cap: "9.0",
    name: "NVIDIA H100 80GB HBM3",
  };
  return wantedFields.map((field) => change[field] ?? idle[field]).join(", ");
}

function parsed(change: Partial<Record<QueryField, string>>) {
  return parseQuery(`${row(change)}\n`, wantedFields)[0];
}

describe("parseQuery", () => {
  test("reads a loaded H100", () => {
    expect(parsed({})).toEqual({
      uuid,
      busId: "00000000:00:09.0",
      memoryTotalBytes: 81559 * mib,
      memoryUsedBytes: 19818 * mib,
      utilizationPercent: 100,
      migEnabled: false,
      computeMode: "Default",
      remappingPending: false,
      remappingFailed: false,
      uncorrectedErrors: 0,
      temperatureCelsius: 61,
      recoveryAction: "None",
      computeCapability: "9.0",
      name: "NVIDIA H100 80GB HBM3",
      lost: false,
    });
  });

  test("a GPU in MIG mode has no utilization and no remapped rows", () => {
    const mig = {
      "mig.mode.current": "Enabled",
      "utilization.gpu": "[N/A]",
      "remapped_rows.failure": "[N/A]",
    };
    expect(parsed(mig)).toMatchObject({
      migEnabled: true,
      utilizationPercent: null,
      remappingFailed: false,
      lost: false,
    });
  });

  test.each([
    "N/A",
    "[N/A]",
    "[Not Supported]",
    "[Unknown Error]",
    "[Insufficient Permissions]",
    "[Requested functionality has been deprecated]",
    "[GPU is lost]",
    "-",
    "",
    "soon",
  ])("takes %j for an unknown number", (word) => {
    expect(parsed({ "memory.used": word })?.memoryUsedBytes).toBeNull();
  });

  test.each(["[GPU is lost]", "GPU is lost", "[Unknown Error]"])("takes %j for a lost card", (word) => {
    expect(parsed({ "utilization.gpu": word })?.lost).toBe(true);
  });

  test("keeps commas in a name and units in a number", () => {
    expect(parsed({ name: "Odd, Card", "memory.total": "80 MiB" })).toMatchObject({
      name: "Odd, Card",
      memoryTotalBytes: 80 * mib,
    });
  });

  test("what the driver does not know is null", () => {
    expect(parseQuery(`${uuid}, NVIDIA T4`, ["uuid", "name"])).toMatchObject([
      { name: "NVIDIA T4", memoryTotalBytes: null, recoveryAction: null, lost: false },
    ]);
  });

  test.each(["<<<%$ ,,,, GPU", `${uuid}, 1`, row({ uuid: "[N/A]" })])("refuses the row %j", (line) => {
    expect(() => parseQuery(line, wantedFields)).toThrow(/--query-gpu answered with/);
  });
});

describe("knownFields", () => {
  test("keeps the wanted fields that the driver lists, aliases too, in the wanted order", () => {
    const help = `List of valid properties to query for the switch "--query-gpu":

"name" or "gpu_name"
The official product name, "memory.used" is not meant here.

"gpu_uuid" or "uuid"
Identifier.

"memory.total"
`;
    expect(knownFields(help)).toEqual(["uuid", "memory.total", "name"]);
  });

  test("refuses a text without fields", () => {
    expect(() => knownFields("")).toThrow(/no field uuid/);
  });
});
