import { describe, expect, test } from "vitest";
import { parseCutProfiles } from "./parse-cut-profiles.ts";

// Rows as an A100-40GB prints them; each profile has a second row without a name.
const profiles = `+-----------------------------------------------------------------------------+
| GPU instance profiles:                                                      |
| GPU   Name             ID    Instances   Memory     P2P    SM    DEC   ENC  |
|                              Free/Total   GiB              CE    JPEG  OFA  |
|=============================================================================|
|   0  MIG 1g.5gb        19     7/7        4.75       No     14     0     0   |
|                                                             1     0     0   |
+-----------------------------------------------------------------------------+
|   0  MIG 1g.5gb+me     20     1/1        4.75       No     14     1     0   |
|                                                             1     1     1   |
+-----------------------------------------------------------------------------+
|   0  MIG 4g.20gb        5     0/1        19.62      No     56     2     0   |
|                                                             4     0     0   |
+-----------------------------------------------------------------------------+
`;

// As six public captures of an H100 agree.
const places = `GPU  0 Profile ID 19 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 20 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 15 Placements: {0,2,4,6}:2
GPU  0 Profile ID  5 Placement : {0}:4
`;

const gi = (amount: number): number => Math.floor(amount * 1024 ** 3);

describe("parseCutProfiles", () => {
  test("joins names and places by card and id, in either notation of the word", () => {
    expect(parseCutProfiles(profiles, places)).toEqual(
      new Map([
        [
          0,
          [
            {
              name: "1g.5gb",
              id: 19,
              most: 7,
              starts: [0, 1, 2, 3, 4, 5, 6],
              size: 1,
              memoryBytes: gi(4.75),
            },
            {
              name: "1g.5gb+me",
              id: 20,
              most: 1,
              starts: [0, 1, 2, 3, 4, 5, 6],
              size: 1,
              memoryBytes: gi(4.75),
            },
            { name: "4g.20gb", id: 5, most: 1, starts: [0], size: 4, memoryBytes: gi(19.62) },
          ],
        ],
      ]),
    );
  });

  test("takes a wider table and carriage returns", () => {
    const wide = profiles.replaceAll("     No  ", "          No    ").replaceAll("\n", "\r\n");
    expect(parseCutProfiles(wide, places.replaceAll("\n", "\r\n")).get(0)).toHaveLength(3);
  });

  test("does without the memory, which is only to choose by", () => {
    const [first] = parseCutProfiles(profiles.replaceAll("4.75", "N/A "), places).get(0) ?? [];
    expect(first).toEqual({ name: "1g.5gb", id: 19, most: 7, starts: [0, 1, 2, 3, 4, 5, 6], size: 1 });
  });

  test.each([
    ["", places],
    ["Insufficient Permissions", places],
    [profiles.replace("7/7", "7of7"), places],
    [profiles, ""],
    [profiles, places.replace("{0}:4", "0:4")],
    [profiles, places.split("\n").slice(1).join("\n")],
  ])("refuses what it cannot read: %#", (table, list) => {
    expect(() => parseCutProfiles(table, list)).toThrow(/mig -lgipp? answered with/);
  });
});
