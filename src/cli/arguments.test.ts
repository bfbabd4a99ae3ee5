import { describe, expect, test } from "vitest";
import { parseArguments } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

const options = {
  namespace: { short: "n", value: "NS", summary: "" },
  output: { short: "o", value: "FORMAT", summary: "" },
  watch: { short: "w", summary: "" },
  "all-namespaces": { short: "A", summary: "" },
  filename: { short: "f", value: "FILE", multiple: true, summary: "" },
  tail: { value: "N", summary: "" },
} as const;

describe("a command line as kubectl users write it", () => {
  test.each([
    [["containers", "-n", "alice", "-o", "json"]],
    [["-n", "alice", "containers", "-o=json"]],
    [["--namespace=alice", "--output", "json", "containers"]],
    [["-nalice", "-ojson", "containers"]],
  ])("%j means the same", (line) => {
    const { invocation } = parseArguments(line, options);
    expect(invocation.options).toMatchObject({ namespace: "alice", output: "json", watch: false });
    expect(invocation.positionals).toEqual(["containers"]);
  });

  test("groups switches and takes =true and =false", () => {
    expect(parseArguments(["-Aw"], options).invocation.options).toMatchObject({
      "all-namespaces": true,
      watch: true,
    });
    expect(parseArguments(["--watch=false"], options).invocation.options).toMatchObject({ watch: false });
  });

  test("collects repeated flags and reads - as a value", () => {
    expect(parseArguments(["-f", "a.yaml", "-f", "-"], options).invocation.options["filename"]).toEqual([
      "a.yaml",
      "-",
    ]);
    expect(parseArguments([], options).invocation.options["filename"]).toEqual([]);
  });

  test("keeps everything after -- apart, flags too", () => {
    const { invocation } = parseArguments(["train", "-n", "bob", "--", "sh", "-c", "ls -n"], options);
    expect(invocation.positionals).toEqual(["train"]);
    expect(invocation.rest).toEqual(["sh", "-c", "ls -n"]);
    expect(parseArguments(["train"], options).invocation.rest).toBeUndefined();
  });

  test("sets the common flags apart", () => {
    expect(parseArguments(["--socket", "/tmp/s", "-h"], options)).toMatchObject({
      socket: "/tmp/s",
      help: true,
    });
  });

  test.each([
    [["--namspace", "x"], "unknown flag --namspace, did you mean --namespace?"],
    [["-z"], "unknown flag -z"],
    [["--constructor"], "unknown flag --constructor"],
    [["-o"], "-o needs a value (FORMAT)"],
    [["-n", "-A"], 'needs a value (NS); for a value that starts with "-" write -n=-A'],
    [["--watch=maybe"], '--watch is a switch and takes no value; found "maybe"'],
  ])("%j is refused in words", (line, message) => {
    const attempt = (): unknown => parseArguments(line, options);
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
  });
});
