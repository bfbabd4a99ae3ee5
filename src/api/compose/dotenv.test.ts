import { expect, test } from "vitest";
import { readDotenv } from "./dotenv.ts";

function values(text: string): Readonly<Record<string, string | null>> {
  const { entries, faults } = readDotenv(text, (name) => (name === "HOME" ? "/home/alice" : undefined));
  expect(faults).toEqual([]);
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

test("values are read as Compose does", () => {
  expect(values("A=1\n\n # c\nexport B = two words # c\r\nC=\nD\nE: x#y\n")).toEqual({
    A: "1",
    B: "two words",
    C: "",
    D: null,
    E: "x#y",
  });
  expect(values('A=\'$HOME # \\n\'\nB="x\\ny\\"\\$z" # c\nC="two\nlines"\nD=$HOME/${A2:-d}')).toEqual({
    A: "$HOME # \\n",
    B: 'x\ny"$z',
    C: "two\nlines",
    D: "/home/alice/d",
  });
  expect(values("\uFEFFA=1\nB=${A}2\nC=$$")).toEqual({ A: "1", B: "12", C: "$" });
});

test("lines that say nothing are told with their number, and the others count", () => {
  const { entries, faults } = readDotenv('A=1\n1X=2\nB=\'open\nC=${\nD="a" b\nE=5', () => undefined);
  expect(entries).toEqual([
    { name: "A", value: "1", line: 1 },
    { name: "E", value: "5", line: 6 },
  ]);
  expect(faults.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
});
