import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ContainerSpecSpec } from "./container.ts";
import { parseSpecText } from "./parse.ts";
import { renderProblem } from "./problem.ts";

const path = "users/alice/train.yaml";

function problemsOf(text: string, options: { expect?: "ContainerSpec" | "QuotaSpec" } = {}): string[] {
  const result = parseSpecText(text, { path, namespaceFromPath: "alice", ...options });
  return result.problems.map((problem) => renderProblem(problem).replace(`${path}:`, ""));
}

/** A ContainerSpec whose `spec` begins in line 6. */
function container(spec: string): string {
  return `apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
metadata:
  name: train
spec:
${spec.replace(/^/gm, "  ")}
`;
}

function quota(spec: string): string {
  return `apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: {name: students}\nspec:\n${spec.replace(/^/gm, "  ")}\n`;
}

describe("a right file", () => {
  test("becomes a typed document with its defaults, identity and positions", () => {
    const { documents, problems, identities } = parseSpecText(
      container("image: a:1\nresources:\n  memory: 32Gi\ngpus: {count: 1}"),
      { path, namespaceFromPath: "alice" },
    );
    expect(problems).toEqual([]);
    expect(identities).toEqual([{ kind: "ContainerSpec", namespace: "alice", name: "train" }]);
    expect(documents).toMatchObject([
      {
        kind: "ContainerSpec",
        identity: identities[0],
        metadata: { name: "train", namespace: "alice" },
        spec: { image: "a:1", desiredState: "Running", stopGracePeriod: "30s", gpus: { count: 1 } },
      },
    ]);
    expect(documents[0]?.positions["spec.resources.memory"]).toEqual({ line: 8, column: 13 });
    expect(documents[0]?.positions["spec.resources"]).toEqual({ line: 7, column: 3 });
    expect(documents[0]?.positions["spec.gpus.count"]).toEqual({ line: 9, column: 17 });
  });

  test("may be JSON, indented with tabs", () => {
    const json = JSON.stringify(
      {
        apiVersion: "ds01.io/v1alpha1",
        kind: "ContainerSpec",
        metadata: { name: "a" },
        spec: { image: "b" },
      },
      undefined,
      "\t",
    );
    const { documents, problems } = parseSpecText(json, {
      path: "users/alice/a.json",
      namespaceFromPath: "alice",
    });
    expect(problems).toEqual([]);
    expect(documents[0]?.positions["spec.image"]).toEqual({ line: 8, column: 12 });
  });

  test("may begin with a byte order mark and end its lines as Windows does", () => {
    const text = `\uFEFF${container("image: a").replaceAll("\n", "\r\n")}`;
    expect(problemsOf(text)).toEqual([]);
    expect(problemsOf(`\uFEFFapiVersion: x\r\nkind: ContainerSpec`).join()).toMatch(
      /1:13: error: apiVersion: "x"/,
    );
  });

  test("may hold several documents, also empty ones between them", () => {
    const second = container("image: b").replace("name: train", "name: eval");
    const { documents, problems } = parseSpecText(`---\n${container("image: a")}---\n---\n${second}---\n`, {
      path,
    });
    expect(problems).toEqual([]);
    expect(documents.map(({ identity }) => identity.name)).toEqual(["train", "eval"]);
  });

  test("may use anchors and merge keys", () => {
    const spec =
      "image: a\nresources: &small {cpus: 1, memory: 1Gi}\nenv:\n  - &v {name: A, value: x}\n  - {<<: *v, name: B}";
    const { documents, problems } = parseSpecText(container(spec), { path });
    expect(problems).toEqual([]);
    expect(documents[0]?.spec).toMatchObject({
      env: [
        { name: "A", value: "x" },
        { name: "B", value: "x" },
      ],
    });
  });

  test("without a directory or a namespace leaves the namespace to the caller", () => {
    expect(parseSpecText(container("image: a"), { path: "-" }).identities[0]?.namespace).toBe("");
  });

  test("printed and read again is the same", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const document = {
          apiVersion: "ds01.io/v1alpha1",
          kind: "ContainerSpec",
          metadata: { name: "a" },
          spec,
        };
        const { documents, problems } = parseSpecText(stringify(document), { path });
        expect(problems).toEqual([]);
        expect(documents[0]?.spec).toEqual(ContainerSpecSpec.parse(spec));
        const again = parseSpecText(JSON.stringify({ ...document, spec: documents[0]?.spec }), { path });
        expect(again.documents[0]?.spec).toEqual(documents[0]?.spec);
      }),
      { numRuns: 100 },
    );
  });
});

describe("single fields", () => {
  test.each([
    ["image: a\ngpu: 1", '7:3: error: spec.gpu: unknown field, did you mean "gpus"?'],
    [
      "image: a\nmemory: 1Gi",
      "7:3: error: spec.memory: unknown field here, did you mean spec.resources.memory?",
    ],
    ["image: a\nenvironment: {}", "7:3: error: spec.environment: unknown field here, did you mean spec.env?"],
    [
      "image: a\nrestart_policy: Never",
      '7:3: error: spec.restart_policy: unknown field, did you mean "restartPolicy"?',
    ],
    [
      "image: a\nresources: {disk: 1}",
      "7:15: error: spec.resources.disk: unknown field; allowed here: cpus, memory, memorySwap, shmSize, pidsLimit, ulimits, io",
    ],
    [
      "image: a\nlifecycle: {warmup: 30m}",
      "7:15: error: spec.lifecycle.warmup: unknown field; allowed here: maxRuntime, idleTimeout, holdGpuAfterStop, removeAfterStop, ttlAfterFinished, onGpuAccessLost",
    ],
    [
      "image: a\nbackoffLimit: 3",
      "5:1: error: spec.restartPolicy: is missing; beside backoffLimit it is OnFailure (the same container again) or Never (a new one for each try): Always starts it again whatever happens",
    ],
    [
      'image: a\nresources:\n  memory: "32 GB"',
      '8:13: error: spec.resources.memory: "32 GB" is not a quantity; write 32Gi or 32G',
    ],
    [
      "image: a\nresources: {memory: 32GiB}",
      '7:23: error: spec.resources.memory: "32GiB" is not a quantity; write 32Gi',
    ],
    [
      "image: a\nresources: {memory: 32}",
      "7:23: error: spec.resources.memory: 32 has no unit; write 32Gi or 32G",
    ],
    [
      "image: a\nresources: {memory: 34359738368}",
      "7:23: error: spec.resources.memory: 34359738368 has no unit; write 32Gi",
    ],
    [
      "image: a\nresources: {cpus: 8 cores}",
      '7:21: error: spec.resources.cpus: "8 cores" is not a number of CPUs; write 8',
    ],
    [
      "image: a\nresources: {cpus: 0}",
      "7:21: error: spec.resources.cpus: 0 is too small; it must be more than 0",
    ],
    ["image: a\nstopGracePeriod: 8", "7:20: error: spec.stopGracePeriod: 8 has no unit; write 8s, 8m or 8h"],
    [
      "image: a\nlifecycle: {maxRuntime: 1 day}",
      '7:27: error: spec.lifecycle.maxRuntime: "1 day" is not a duration; write 1d',
    ],
    [
      "image: a\nlifecycle: {maxRuntime: null}",
      "7:27: error: spec.lifecycle.maxRuntime: has no value; leave the field out, or write never",
    ],
    ["image: a\ncommand:", "7:3: error: spec.command: has no value; write one, or leave the field out"],
    ["image:", "6:3: error: spec.image: has no value; write one, or leave the field out"],
    ["gpus: {count: 1}", "5:1: error: spec.image: is missing; for example image: pytorch/pytorch:2.5"],
    ["image: a\ngpus: {profile: 1g.10gb}", "7:3: error: spec.gpus.count: is missing; for example count: 1"],
    ["image: a\ngpus: 1", "7:9: error: spec.gpus: 1 is not a map of fields; write {count: 1}"],
    [
      "image: a\ncommand: python x.py",
      '7:12: error: spec.command: "python x.py" is not a list; write ["python", "x.py"]',
    ],
    [
      "image: a\ncommand: []",
      "7:12: error: spec.command: the list is empty; name at least one item, or leave the field out",
    ],
    ["image: a\nargs: [1]", '7:10: error: spec.args[0]: 1 is not text; write "1" in quotes'],
    [
      "image: a\ndesiredState: Runing",
      '7:17: error: spec.desiredState: "Runing" is not one of Running, Stopped, Paused; did you mean Running?',
    ],
    [
      "image: a\nports: [{containerPort: 80, protocol: tcp}]",
      '7:41: error: spec.ports[0].protocol: "tcp" is not one of TCP, UDP; did you mean TCP?',
    ],
    [
      "image: a\nports: [{containerPort: 99999}]",
      "7:27: error: spec.ports[0].containerPort: 99999 is too large; at most 65535 is allowed",
    ],
    [
      "image: a\nports: [{containerPort: 80, hostIP: localhost}]",
      '7:39: error: spec.ports[0].hostIP: "localhost" is not an IP address',
    ],
    [
      "image: a\npriority: '5'",
      '7:13: error: spec.priority: "5" is text, but a number is expected: write 5 without quotes',
    ],
    [
      "image: a\nworkingDir: work",
      '7:15: error: spec.workingDir: "work" is not allowed; write an absolute path without "..", for example /work',
    ],
    ["image: a\nimage: b", "7:3: error: spec.image: is set twice, first in line 6; remove one of the two"],
    [
      "image: a\nresources: {memory: 2Gi, memorySwap: 1Gi}",
      '7:40: error: spec.resources.memorySwap: "1Gi" is less than memory, and is memory and swap together; write at least as much, or none',
    ],
    [
      "image: a\nipc: host\nresources: {shmSize: 1Gi}",
      "8:24: error: spec.resources.shmSize: cannot be set together with ipc: host (the host's /dev/shm is used); remove one of the two",
    ],
  ])("%j", (spec, problem) => {
    expect(problemsOf(container(spec))).toEqual([problem]);
  });

  test("of a quota are held to the quota's schema", () => {
    expect(problemsOf(quota("subjects: {default: yes}\nmaxContainers: -1\ngpus: {nominal: none}"))).toEqual([
      '5:23: error: spec.subjects.default: "yes" is not true or false; write true',
      "6:18: error: spec.maxContainers: -1 is too small; at least 0 is allowed; or write unlimited",
      '7:19: error: spec.gpus.nominal: "none" is not a number or unlimited; write unlimited if there should be no limit',
    ]);
  });

  test("are all reported at once, also rules over several fields", () => {
    const spec = `foo: 1
image: a
volumes:
  - {name: d, mountPath: x, hostPath: /d}
  - {name: d, mountPath: /x, hostPath: {path: /d}, readOnly: no}
env: [{name: A, value: 3}, {name: A}]`;
    expect(problemsOf(container(spec)).map((problem) => problem.split(": ").slice(0, 3).join(": "))).toEqual([
      "6:3: error: spec.foo",
      "9:28: error: spec.volumes[0].mountPath",
      "9:41: error: spec.volumes[0].hostPath",
      "10:14: error: spec.volumes[1].name",
      "10:64: error: spec.volumes[1].readOnly",
      "11:26: error: spec.env[0].value",
      "11:37: error: spec.env[1].name",
    ]);
  });

  test("of env never show their values", () => {
    const spec = `image: a
env:
  - {name: A, value: 4711}
  - {name: B, value: [4711]}
  - B=4711
  - {name: C=4711}
  - 4711
  - {name: D, value: yes4711, x: 4711}`;
    const shown = problemsOf(container(spec));
    expect(shown.length).toBe(6);
    expect(shown.join()).not.toContain("4711");
    expect(problemsOf(container("image: a\nenv: {KEY: 4711}")).join()).not.toContain("4711");
    expect(problemsOf(container("image: a\nenv: KEY=4711")).join()).not.toContain("4711");
  });
});

describe("apiVersion, kind and metadata", () => {
  test.each([
    [
      "apiVersion: ds01.io/v1alpha1",
      "apiVersion: ds01.io/v1",
      '1:13: error: apiVersion: "ds01.io/v1" is not known here; write ds01.io/v1alpha1',
    ],
    [
      "apiVersion: ds01.io/v1alpha1\n",
      "",
      '1:1: error: apiVersion: is missing; begin with "apiVersion: ds01.io/v1alpha1"',
    ],
    [
      "ContainerSpec",
      "ContainerSpce",
      '2:7: error: kind: "ContainerSpce" is not a kind of ds01; did you mean ContainerSpec?',
    ],
    [
      "ContainerSpec",
      "container",
      '2:7: error: kind: "container" is not a kind of ds01; did you mean ContainerSpec?',
    ],
    ["ContainerSpec", "Gpu", "2:7: error: kind: a Gpu is made by ds01 and cannot be written in a file"],
    [
      "ContainerSpec",
      "Deployment",
      '2:7: error: kind: "Deployment" is not a kind of ds01; allowed: ContainerSpec, QuotaSpec, ReservationSpec',
    ],
    [
      "name: train",
      "name: Train",
      '4:9: error: metadata.name: "Train" is not allowed; write lower-case letters, digits, "-" and ".", starting and ending with a letter or digit, for example train',
    ],
    [
      "name: train",
      "name: train\n  namespace: bob",
      '5:14: error: metadata.namespace: "bob" is not the namespace of this directory; write alice, or leave it out',
    ],
    [
      "name: train",
      "name: train\n  uid: x",
      "5:3: error: metadata.uid: is written by ds01 itself; remove it",
    ],
    ["name: train", "nmae: train", '4:3: error: metadata.nmae: unknown field, did you mean "name"?'],
    [
      "name: train",
      "name: train\n  labels: {a: 1}",
      '5:15: error: metadata.labels.a: 1 is not text; write "1" in quotes',
    ],
    [
      "name: train",
      'name: train\n  labels: {"a.b/c": true}',
      '5:21: error: metadata.labels["a.b/c"]: true is not text; write "true" in quotes',
    ],
  ])("%j written as %j", (from, to, problem) => {
    expect(problemsOf(container("image: a").replace(from, to))).toContain(problem);
  });

  test("a kind in the wrong directory is named with where it belongs", () => {
    expect(problemsOf(container("image: a"), { expect: "QuotaSpec" })).toEqual([
      "2:7: error: kind: a ContainerSpec does not belong here, only QuotaSpecs; move it to users/<user>/",
    ]);
    expect(problemsOf(quota("subjects: {default: true}"), { expect: "ContainerSpec" })).toEqual([
      "2:7: error: kind: a QuotaSpec does not belong here, only ContainerSpecs; move it to quotas/",
    ]);
  });

  test("a quota has no namespace", () => {
    const text = quota("subjects: {default: true}").replace("students}", "students, namespace: alice}");
    expect(problemsOf(text)).toEqual([
      "3:28: error: metadata.namespace: a QuotaSpec belongs to no namespace; remove it",
    ]);
  });

  test("the same object twice in one file is a problem of the second", () => {
    expect(problemsOf(`${container("image: a")}---\n${container("image: b")}`)).toEqual([
      '11:9: error: metadata.name: "train" is declared a second time in this file; give each document its own name',
    ]);
  });

  test("one wrong document leaves the others parsed and names every object", () => {
    const other = container("imag: b").replace("train", "eval");
    const { documents, identities, problems } = parseSpecText(`${container("image: a")}---\n${other}`, {
      path,
    });
    expect(documents.length).toBe(1);
    expect(identities.map(({ name }) => name)).toEqual(["train", "eval"]);
    expect(problems.map(({ field }) => field)).toEqual(["spec.image", "spec.imag"]);
  });
});

describe("the text itself", () => {
  test.each([
    ["", /^1:1: error: the file holds no document/],
    ["# only this\n", /^1:1: error: the file holds no document/],
    ["- a\n", /^1:1: error: a list stands here, but a spec is a map/],
    ["just text", /^1:1: error: a single value stands here/],
    ["a:\n\tb: 1\n", /^2:1: error: a tab is used to indent/],
    ["spec: {a: 1\n", /^2:1: error: a \[ or \{ above is not closed/],
    ["a: 'x\n", /error: a quote is opened and never closed/],
    ["a: b: c\n", /1:4: error: a second ": " on this line/],
    ["a:\n  b: c\n   d: {e: f}\n", /^3:4: error: this line is indented further/],
    ["a:\n  b: \"c\n  d: 'e'\n", /^2:6: error: a quote is opened/],
    ["a: !!python/object x\n", /1:4: error: tags/],
    ["a: *b\n", /1:4: error: a: no anchor "&b"/],
    ["a: &a [*a]\n", /1:8: error: a\[0\]: "\*a" contains itself/],
    ["a\0b", /^1:2: error: a NUL byte/],
    ["a: \uFFFD", /^1:4: error: the file is not valid UTF-8/],
    ["[".repeat(200_000), /^1:\d+: error: nested more than 64 levels/],
    ["- ".repeat(100_000), /^1:\d+: error: nested more than 64 levels/],
    [`a: [${"1,".repeat(60_000)}]`, /error: this file is far too complex/],
    [`a: ${"x".repeat(256 * 1024)}`, /^1:1: error: the file has 257 KiB; a spec may have at most 256 KiB/],
    [bomb(), /error: .*more than 10000 values in one document/],
  ])("%#: %.40j", (text, problem) => {
    expect(problemsOf(text).join("\n")).toMatch(problem);
  });

  test("a syntax error does not hide the problems before it, and makes none of its own", () => {
    expect(problemsOf(container("imag: a\ngpus:\n\tcount: 1"))).toEqual([
      '6:3: error: spec.imag: unknown field, did you mean "image"?',
      "8:3: error: a tab is used to indent; YAML allows only spaces here",
    ]);
  });

  test("that never parses is still listed by what it says, else by its path", () => {
    const broken = container("image: [").replace("train", "My_Train");
    expect(
      parseSpecText(broken, { path, expect: "ContainerSpec", namespaceFromPath: "alice" }).identities,
    ).toEqual([{ kind: "ContainerSpec", namespace: "alice", name: "my-train" }]);
    expect(parseSpecText("\0", { path, namespaceFromPath: "alice" }).identities).toEqual([
      { kind: "ContainerSpec", namespace: "alice", name: "train" },
    ]);
    expect(parseSpecText("{", { path: "quotas/Lab 1.yml", expect: "QuotaSpec" }).identities).toEqual([
      { kind: "QuotaSpec", namespace: "", name: "lab-1" },
    ]);
  });

  test("whatever it is, nothing throws and every problem stands inside it", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), expectSound), { numRuns: 300 });
    const yamlish = fc.array(
      fc.constantFrom(..."abc:-?[]{},&*!|>'\"%@` \n\t#0~<.=\\".split(""), ": ", "- ", "---\n", "spec:\n  "),
      {
        maxLength: 80,
      },
    );
    fc.assert(
      fc.property(yamlish, (parts) => {
        expectSound(parts.join(""));
      }),
      { numRuns: 1500 },
    );
  });

  test("a valid spec with any piece cut, doubled or replaced never throws", () => {
    const whole = container(`image: a
env: [{name: A, value: "3"}]
resources: {cpus: 8, memory: 32Gi}
gpus: {count: 1, models: ["*A100*"]}
volumes:
  - name: d
    mountPath: /d
    hostPath: {path: /d, type: Directory}
lifecycle: {maxRuntime: 24h}`);
    const edit = fc.record({
      from: fc.nat(whole.length),
      length: fc.nat(12),
      by: fc.oneof(
        fc.constantFrom("", "\t", "null", "[", "{", "'", ": ", "\n", "- ", "*a", "&a ", "3", "x"),
        fc.string({ maxLength: 5 }),
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = whole;
        for (const { from, length, by } of edits) text = text.slice(0, from) + by + text.slice(from + length);
        expectSound(text);
      }),
      { numRuns: 1500 },
    );
  });
});

function expectSound(text: string): void {
  const { documents, problems, identities } = parseSpecText(text, { path, namespaceFromPath: "alice" });
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  expect(identities.length).toBeGreaterThan(0);
  expect(problems.length + documents.length).toBeGreaterThan(0);
  for (const { position, length, message } of problems) {
    expect(message).not.toMatch(/undefined|\[object/);
    const line = lines[(position?.line ?? 0) - 1];
    expect(line).toBeDefined();
    expect((position?.column ?? 0) + length).toBeLessThanOrEqual(
      (line ?? "").length + 1 + (length === 0 ? 1 : 0),
    );
  }
}

function bomb(): string {
  const levels = [`a0: &a0 [x,x,x,x,x,x,x,x,x,x]`];
  for (let level = 1; level < 12; level += 1) {
    levels.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(",")}]`,
    );
  }
  return levels.join("\n");
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const bytes = fc.constantFrom("512Mi", "1.5Gi", "16G", "1048576");
const durations = fc.constantFrom("30s", "1h30m", "2d");
const specs = fc.record(
  {
    image: word,
    desiredState: fc.constantFrom("Running", "Stopped"),
    command: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    args: fc.array(fc.string(), { maxLength: 3 }),
    env: fc.uniqueArray(fc.record({ name: word, value: fc.string() }, { requiredKeys: ["name"] }), {
      selector: ({ name }) => name,
      maxLength: 4,
    }),
    resources: fc.record(
      {
        cpus: fc.constantFrom(8, 0.5, "500m"),
        memory: bytes,
        shmSize: bytes,
        pidsLimit: fc.integer({ min: 1, max: 9999 }),
      },
      { requiredKeys: [] },
    ),
    gpus: fc.record(
      { count: fc.nat(8), profile: fc.constant("2g.20gb"), models: fc.constant(["*A100*"]) },
      { requiredKeys: ["count"] },
    ),
    volumes: fc.uniqueArray(
      fc.record({
        name: word,
        mountPath: word.map((name) => `/${name}`),
        hostPath: fc.record({ path: word.map((name) => `/${name}`) }),
      }),
      { selector: ({ name, mountPath }) => name + mountPath, maxLength: 1 },
    ),
    ports: fc.array(
      fc.record(
        { containerPort: fc.integer({ min: 1, max: 65535 }), hostIP: fc.constantFrom("0.0.0.0", "::1") },
        { requiredKeys: ["containerPort"] },
      ),
      { maxLength: 2 },
    ),
    lifecycle: fc.record({ maxRuntime: fc.oneof(durations, fc.constant("never")) }, { requiredKeys: [] }),
    stopGracePeriod: durations,
    priority: fc.nat(100),
  },
  { requiredKeys: ["image"] },
);
