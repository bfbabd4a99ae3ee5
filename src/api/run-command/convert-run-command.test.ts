import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { renderProblems } from "../render-problems.ts";
import type { RunConversion } from "./convert-run-command.ts";
import { convertRunCommand, filesOf } from "./convert-run-command.ts";
import { parseRunCommand } from "./parse-run-command.ts";

const files = new Map([
  ["my.env", '# mine\nA=file\n\n  B="quoted"\nFROM_HERE\nNOT_HERE\n'],
  ["labels", "# ours\nteam=vision\nempty\n"],
]);

function convert(words: readonly string[], allGpus = 1): RunConversion {
  const command = parseRunCommand(words);
  const environment = { FROM_HERE: "here" };
  return convertRunCommand(command, { environment, directory: "/home/alice/project", files, allGpus });
}

/** What a line of flags before the image `x` becomes. */
function specOf(...flags: string[]): unknown {
  const { container, problems } = convert(["docker", "run", ...flags, "x"]);
  expect(problems).toEqual([]);
  return (parse(container?.text ?? "") as { spec: unknown }).spec;
}

function refused(...flags: string[]): string {
  const words = ["docker", "run", ...flags, "x"];
  const { container, problems } = convert(words);
  expect(container).toBeNull();
  return renderProblems(problems, parseRunCommand(words).text);
}

interface Case {
  readonly line: readonly string[];
  readonly name?: string;
  readonly labels?: object;
  readonly spec?: object;
  readonly leftOut?: readonly string[];
  readonly changed?: readonly string[];
  readonly problems?: readonly string[];
}

const corpus = join(import.meta.dirname, "../../../test/testdata/docker-run/commands.yaml");

describe("the corpus of command lines", () => {
  const cases = (parse(readFileSync(corpus, "utf8")) as readonly Case[]).map(
    (one) => [one.line.join(" "), one] as const,
  );
  it.each(cases)("%s", (_line, { line, name, labels, spec, leftOut = [], changed = [], problems = [] }) => {
    const conversion = convert(line);
    const messages = conversion.problems.map(({ message }) => message);
    expect(messages).toEqual(problems.map((field) => expect.stringContaining(field)));
    if (problems.length > 0) return;
    const document = parse(conversion.container?.text ?? "") as object;
    expect(document).toEqual({
      apiVersion: "ds01.io/v1alpha1",
      kind: "ContainerSpec",
      metadata: { name, ...(labels === undefined ? {} : { labels }) },
      spec,
    });
    const fieldsOf = (kind: string) =>
      conversion.notes.filter((note) => note.kind === kind).map(({ field, file }) => field || file);
    const expected = leftOut.length === 0 && line.includes("my.env") ? ["my.env"] : leftOut;
    expect(fieldsOf("left-out")).toEqual(expected);
    expect(conversion.notes.filter((note) => note.kind === "changed").map(({ field }) => field)).toEqual(
      changed,
    );
  });
});

test("what has another meaning says so beside its line", () => {
  const { container } = convert(
    ["docker", "run", "--gpus", "all", "-m", "1g", "-p", "80:80", "-v", "/d:/d", "-l", "a=b", "x"],
    4,
  );
  expect(container?.text).toContain(
    "count: 4 # all of the host there; a container of ds01 holds its GPUs alone\n",
  );
  expect(container?.text).toContain("memory: 1Gi # no swap beside it; Docker adds as much again\n");
  expect(container?.text).toContain("hostIP: 0.0.0.0 # every IPv4 address");
  expect(container?.text).toContain("path: /d # must exist, and a quota must grant it\n");
  expect(container?.text).toContain("  # of the object in ds01, not of the container in Docker\n  labels:\n");
  expect(container?.text).toContain("restartPolicy: Never # Docker's default\n");
});

test("flags may stand as Docker reads them", () => {
  const spec = { image: "x", restartPolicy: "Never" };
  expect(specOf("-itd", "-u0")).toEqual({ ...spec, tty: true, stdin: true, user: "0" });
  expect(specOf("-itu", "0")).toEqual({ ...spec, tty: true, stdin: true, user: "0" });
  expect(specOf("-e=A=1")).toEqual({ ...spec, env: [{ name: "A", value: "1" }] });
  expect(specOf("-eA=1")).toEqual({ ...spec, env: [{ name: "A", value: "1" }] });
  expect(specOf("--workdir", "/a", "--workdir=/b")).toEqual({ ...spec, workingDir: "/b" });
});

test("what Docker does not know is refused with its place and what was meant", () => {
  expect(refused("--gpuss", "all")).toBe(
    [
      "command line:1:12: error: --gpuss is no flag of docker run, did you mean --gpus?",
      "  1 | docker run --gpuss all x",
      "    |            ^^^^^^^",
    ].join("\n"),
  );
  expect(refused("-gpus", "all")).toContain("-g in -gpus is no flag of docker run, did you mean --gpus?");
  expect(refused("--ulimit", "memlok=1")).toContain('"memlok" is not a ulimit, did you mean memlock?');
  expect(refused("--restart=onfailure")).toContain("did you mean on-failure?");
  expect(refused("--mount", "type=bind,sorce=/a,dst=/b")).toContain(
    '"sorce" is no option of a mount, did you mean source?',
  );
  expect(refused("--gpus", "device=0,1")).toContain(`write --gpus '"device=0,1"'`);
  expect(refused("--gpus", "devices=0")).toContain('"devices" is unknown here, did you mean device?');
  expect(refused("--rm=perhaps")).toContain("is a switch");
  expect(refused("-v", "/a:/b", "-v", "/c:/b/")).toContain("mounted at /b already");
  expect(refused("--gpus", "1", "--device", "amd.com/gpu=0")).toContain("spec.accelerators of the spec");
  const ends: readonly (readonly [words: readonly string[], said: string])[] = [
    [["docker", "ps"], '"docker ps" is no docker run'],
    [[], "is no docker run"],
    [["docker", "run", "-it"], "names no image"],
    [["docker", "run", "--name"], "needs a value"],
  ];
  for (const [words, said] of ends) {
    const { container, problems } = convert(words);
    expect(container).toBeNull();
    expect(problems.map(({ message }) => message).join()).toContain(said);
  }
});

test("everything that is wrong is told at once, also what only ds01 refuses", () => {
  const told = refused("--memory", "5q", "-v", "/proc:/proc", "-w", "relative", "--name", "___");
  for (const place of ["--memory:", "-v: spec.volumes[0].mountPath", "-w: spec.workingDir", "--name:"]) {
    expect(told).toContain(place);
  }
});

test("no value of a variable is quoted where something is wrong with it", () => {
  const { problems } = convert(["docker", "run", "-e", "1BAD=hunter2", "-e", "=hunter2", "x"]);
  expect(problems).toHaveLength(2);
  expect(JSON.stringify(problems)).not.toContain("hunter2");
});

test("an env file that means the same to ds01 stays one, and what follows an other one does not", () => {
  const files = new Map([
    ["a.env", "A=hunter2 'x'\n"],
    ["/b", "B=hunter2\n"],
    ["bare", "HOME\n"],
  ]);
  const around = { environment: { HOME: "/h" }, directory: "/project", files, allGpus: 1 };
  const line = (...flags: string[]) => parseRunCommand(["docker", "run", ...flags, "x"]);
  const kept = convertRunCommand(line("--env-file", "a.env", "--env-file=/b", "-e", "C=1"), around);
  expect(kept.problems).toEqual([]);
  expect(kept.container?.text).toContain(
    "envFrom:\n    - file:\n        path: /project/a.env\n    - file:\n        path: /b\n",
  );
  expect(kept.container?.text).toContain("- name: C");
  expect(JSON.stringify(kept)).not.toContain("hunter2");
  const read = convertRunCommand(line("--env-file", "bare", "--env-file=/b"), around);
  expect(read.container?.text).toContain("name: B");
  expect(read.container?.text).not.toContain("envFrom");
});

test("files that flags name are asked for", () => {
  const line = ["docker", "run", "--env-file", "a.env", "--label-file=b", "x", "--env-file", "c"];
  expect(filesOf(parseRunCommand(line))).toEqual(["a.env", "b"]);
});
