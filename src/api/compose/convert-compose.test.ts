import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { renderProblems } from "../render-problems.ts";
import { convertCompose } from "./convert-compose.ts";
import type { ComposeConversion, ComposeInput } from "./convert-compose.ts";

const testdata = join(import.meta.dirname, "../../../test/testdata/compose");
const golden = (name: string) => readFileSync(join(testdata, name), "utf8");

function convert(text: string, given: Partial<ComposeInput> = {}): ComposeConversion {
  return convertCompose({
    file: { path: "compose.yaml", text },
    directory: "/srv/lab",
    home: "/home/alice",
    lookup: () => undefined,
    services: [],
    profiles: [],
    files: new Map(),
    allGpus: 1,
    ...given,
  });
}

function told(text: string, given: Partial<ComposeInput> = {}): string {
  return renderProblems(convert(text, given).problems, text);
}

function specOf(service: string, given: Partial<ComposeInput> = {}): unknown {
  const { containers, problems } = convert(
    `services:\n  a:\n    image: x\n${service.replaceAll(/^/gm, "    ")}\n`,
    given,
  );
  expect(problems).toEqual([]);
  const { spec } = parse(containers[0]?.text ?? "") as { spec: object };
  return spec;
}

const variables: Readonly<Record<string, string>> = { TAG: "v7", FROM_SHELL: "here" };

test("a project becomes one spec for each service, and what is left out has its place", () => {
  const files = new Map([
    ["/srv/lab/one.env", golden("one.env")],
    ["/srv/lab/absent.env", null],
    ["/srv/lab/base/base.yaml", golden("base/base.yaml")],
  ]);
  const { containers, problems, notes, missing } = convert(golden("compose.yaml"), {
    files,
    lookup: (name) => variables[name],
  });
  expect(problems).toEqual([]);
  expect(missing).toEqual([]);
  expect(containers.map(({ text }) => text).join("---\n")).toBe(golden("expected.yaml"));
  const lines = notes.map((note) => {
    const place = `${note.file}:${note.position.line}:${note.position.column}: ${note.field}`;
    return `${place}: ${note.kind === "changed" ? note.message : `${note.standing}: ${note.detail}`}`;
  });
  expect(`${lines.join("\n")}\n`).toBe(golden("expected-notes.txt"));
});

test("files are asked for until all are known", () => {
  const text = golden("compose.yaml");
  const lookup = (name: string) => variables[name];
  expect(convert(text, { lookup }).missing).toEqual([
    "/srv/lab/one.env",
    "/srv/lab/absent.env",
    "/srv/lab/base/base.yaml",
  ]);
});

test("services are chosen by name or by profile", () => {
  const text = golden("compose.yaml");
  const named = (given: Partial<ComposeInput>) =>
    convert(text, { lookup: (name) => variables[name], ...given }).containers.map(({ name }) => name);
  expect(named({ services: ["tpu", "debug"] })).toEqual(["tpu", "debug"]);
  const small = "services: {a: {image: x}, b: {image: x, profiles: [p]}, c: {image: x, profiles: [q]}}\n";
  expect(convert(small).containers.map(({ name }) => name)).toEqual(["a"]);
  expect(convert(small).notes.map(({ field }) => field)).toEqual([
    "services.b.profiles",
    "services.c.profiles",
  ]);
  expect(convert(small, { profiles: ["q"] }).containers.map(({ name }) => name)).toEqual(["a", "c"]);
  expect(convert(small, { profiles: ["*"] }).containers).toHaveLength(3);
  expect(told(small, { services: ["aa"] })).toContain('has no service "aa", did you mean a?');
});

/** The spec of the one service, and what is said about it. */
function built(service: string, more: Partial<ComposeInput> = {}) {
  const text = `services:\n  a:\n${service.replaceAll(/^/gm, "    ")}\n`;
  const { containers, problems, notes } = convert(text, more);
  expect(problems).toEqual([]);
  const { spec } = parse(containers[0]?.text ?? "") as { spec: Record<string, unknown> };
  const told = notes.map((note) => {
    const what = note.kind === "changed" ? note.message : `${note.standing}: ${note.why}`;
    return `${note.position.line}: ${note.field.replace("services.a.", "")}: ${what}`;
  });
  return { spec, told };
}

const secretProject = `
secrets:
  token: {file: ./token.txt}
  key: {file: "/etc/keys/\${TAG}.pem"}
  elsewhere: {external: true}
services:
  a:
    image: x
    secrets:
      - token
      - {source: key, target: tls.pem, mode: 0440, uid: "1000"}
      - elsewhere
`;

test("secrets of files stay files", () => {
  const { containers, problems, notes } = convert(secretProject, { lookup: (name) => variables[name] });
  expect(problems).toEqual([]);
  expect(parse(containers[0]?.text ?? "")).toMatchObject({
    spec: {
      secrets: [
        { name: "token", file: "/srv/lab/token.txt" },
        { name: "key", file: "/etc/keys/v7.pem", mountPath: "/run/secrets/tls.pem", mode: "0440" },
      ],
    },
  });
  expect(
    notes.map((note) => `${note.position.line}: ${note.kind === "changed" ? note.message : note.why}`),
  ).toEqual([
    "10: the secret stays in /srv/lab/token.txt, which a quota has to grant and you have to be able to read; or move it beside the spec",
    "11: A secret belongs to the user that the container runs as (spec.user).",
    "11: the secret stays in /etc/keys/v7.pem, which a quota has to grant and you have to be able to read; or move it beside the spec",
    "12: ds01 takes secrets from files: write it into one, and name that in spec.secrets.",
  ]);
});

test("a secret that nobody has, or says what it cannot, is told", () => {
  expect(told(secretProject.replace("- token", "- tokn"))).toContain(
    'services.a.secrets[0]: the file names no secret "tokn", did you mean token?',
  );
  expect(told(secretProject.replace("target:", "path:"))).toContain("is no field of a secret");
  expect(told(secretProject.replace("0440", "r--"))).toContain("are no permissions as octal digits");
});

const dependentProject = `
services:
  prepare: {image: x, container_name: Prepare_Data}
  db: {image: x}
  later: {image: x, profiles: [p]}
  a:
    image: x
    depends_on:
      prepare: {condition: service_completed_successfully}
      db: {condition: service_healthy}
      later: {condition: service_completed_successfully}
`;

test("what must have completed before is waited for, and nothing else", () => {
  const { containers, problems, notes } = convert(dependentProject);
  expect(problems).toEqual([]);
  expect(parse(containers[2]?.text ?? "")).toMatchObject({ spec: { after: ["prepare-data"] } });
  const left = notes.flatMap((note) => (note.kind === "left-out" ? [`${note.field}: ${note.why}`] : []));
  expect(left.filter((line) => line.startsWith("services.a"))).toEqual([
    expect.stringMatching(/^services\.a\.depends_on\.db: ds01 starts every container as soon as it can/),
    "services.a.depends_on.later: What a container waits for must be a spec (spec.after), and this service is not imported.",
  ]);
});

test("what is built is built by ds01 as well, from what stands beside the spec", () => {
  expect(built("build: ./app")).toEqual({
    spec: { build: { context: "./app" }, restartPolicy: "Never" },
    told: [
      "3: build: ds01 builds from ./app beside the spec file: put the spec where it is seen so, or bring /srv/lab/app along",
    ],
  });
  expect(built("build: .").spec["build"]).toEqual({ context: "." });
  const whole = [
    "build:",
    "  context: ../other/app/",
    "  dockerfile: ./docker/Dockerfile.gpu",
    "  args: {A: 1, FROM_SHELL: , B: '${TAG}', UNSET: }",
    "  target: runtime",
    "  network: host",
    "  cache_from: [x]",
    "image: lab/a:1",
    "pull_policy: build",
  ].join("\n");
  const { spec, told } = built(whole, { lookup: (name) => variables[name] });
  expect(spec).toEqual({
    build: {
      context: "./app",
      dockerfile: "docker/Dockerfile.gpu",
      args: { A: "1", FROM_SHELL: "here", B: "v7" },
      target: "runtime",
    },
    restartPolicy: "Never",
  });
  expect(told.toSorted(byLine)).toEqual([
    expect.stringContaining("4: build.context: ds01 builds from ./app"),
    expect.stringContaining("6: build.args.UNSET: none: Not set where this command ran"),
    expect.stringContaining("8: build.network: none: ds01 builds"),
    expect.stringContaining("9: build.cache_from: none: ds01 builds"),
    expect.stringContaining("10: image: none: ds01 names what it builds itself"),
    expect.stringContaining("11: pull_policy: same: What is built"),
  ]);
  expect(
    built("build: {context: ., args: [A=1, FROM_SHELL]}", { lookup: (name) => variables[name] }).spec,
  ).toMatchObject({
    build: { args: { A: "1", FROM_SHELL: "here" } },
  });
});

function byLine(one: string, other: string): number {
  return parseInt(one, 10) - parseInt(other, 10);
}

test.each([
  ["build: https://git.example/lab/app.git", "3: build: none: ds01 builds from a directory"],
  ["build: {context: git@git.example:lab/app.git}", "3: build.context: none: ds01 builds from a directory"],
  [
    "build: {context: ., dockerfile_inline: FROM x}",
    "3: build.dockerfile_inline: none: ds01 reads a Dockerfile",
  ],
  [
    "build: {context: ./app, dockerfile: ../Dockerfile}",
    "3: build.dockerfile: none: ds01 reads a Dockerfile",
  ],
  [
    "build: {context: ., additional_contexts: {x: ./x}}",
    "3: build.additional_contexts: none: ds01 builds from one directory",
  ],
])("a build that ds01 cannot do is left out, and its image is to be there: %s", (service, note) => {
  const { spec, told } = built(service);
  expect(spec).toEqual({ image: "lab-a", imagePullPolicy: "Never", restartPolicy: "Never" });
  expect(told).toEqual([expect.stringContaining(note)]);
  const named = built(`${service}\nimage: lab/a:1`);
  expect(named.spec).toEqual({ image: "lab/a:1", restartPolicy: "Never" });
  expect(named.told).toEqual([expect.stringContaining(note)]);
});

test("a build is read over that of what a service extends", () => {
  const text = [
    "services:",
    "  base: {build: {context: ./app, args: {A: 1, B: 1}, target: one}}",
    "  a: {extends: base, build: {args: [A=2], target: two}}",
  ].join("\n");
  const [one] = convert(text, { services: ["a"] }).containers;
  expect((parse(one?.text ?? "") as { spec: { build: object } }).spec.build).toEqual({
    context: "./app",
    args: { A: "2", B: "1" },
    target: "two",
  });
});

test("what is wrong about a build is told with its place", () => {
  expect(told("services:\n  a:\n    build: {contxt: .}\n")).toContain(
    "compose.yaml:3:13: error: services.a.build.contxt: is no field of build, did you mean context?",
  );
  expect(told("services:\n  a:\n    build: {args: {1A: x}}\n")).toContain("compose.yaml:3:");
});

test("failed tries are limited where Docker limits them", () => {
  const policy = (text: string) => specOf(`deploy: {restart_policy: ${text}}`);
  expect(policy("{condition: on-failure, max_attempts: 3}")).toMatchObject({
    restartPolicy: "OnFailure",
    backoffLimit: 3,
  });
  // Zero is without end with Docker.
  for (const text of ["{condition: on-failure, max_attempts: 0}", "{condition: on-failure}"])
    expect(policy(text)).toEqual({ image: "x", restartPolicy: "OnFailure" });
  for (const text of ["{max_attempts: 3}", "{condition: any, max_attempts: 3}"])
    expect(policy(text)).toEqual({ image: "x", restartPolicy: "Always" });
  const { told: any } = built("image: x\ndeploy: {restart_policy: {max_attempts: 3}}");
  expect(any).toEqual([expect.stringMatching(/^4: deploy.restart_policy.max_attempts: none: /)]);
  const { told: timed } = built(
    "image: x\ndeploy: {restart_policy: {condition: on-failure, max_attempts: 3, window: 5s, delay: 1s}}",
  );
  expect(timed.map((line) => line.split(":")[1])).toEqual([
    " deploy.restart_policy.window",
    " deploy.restart_policy.delay",
  ]);
  expect(
    told("services: {a: {image: x, deploy: {restart_policy: {condition: on-failure, max_attempts: many}}}}"),
  ).toContain('"many" is no number');
  const other = "services: {base: {image: x, restart: 'on-failure:3'}, a: {extends: base, restart: always}}";
  expect(told(other)).toBe("");
});

test("several of one service are a sweep", () => {
  expect(specOf("deploy: {replicas: 3}")).toMatchObject({ replicas: 3 });
  expect(specOf("scale: 2")).toMatchObject({ replicas: 2 });
  expect(specOf("scale: 1")).toEqual({ image: "x", restartPolicy: "Never" });
  expect(built("image: x\nscale: 0").told).toEqual([expect.stringMatching(/^4: scale: none: /)]);
});

test("all GPUs are as many as is said", () => {
  expect(specOf("gpus: all", { allGpus: 8 })).toMatchObject({ gpus: { count: 8 } });
  expect(specOf("gpus: [{count: 3}]")).toMatchObject({ gpus: { count: 3 } });
  expect(specOf("gpus:\n  - driver: nvidia\n    device_ids: ['1']")).toMatchObject({ gpus: { count: 1 } });
  const cdi =
    "deploy: {resources: {reservations: {devices: [{driver: cdi, device_ids: [nvidia.com/gpu=all]}]}}}";
  expect(specOf(cdi)).toMatchObject({ gpus: { count: 1 } });
});

test("hosts are a list or a map", () => {
  const hostAliases = [{ ip: "10.0.0.5", hostnames: ["data"] }];
  expect(specOf("extra_hosts: ['data:10.0.0.5']")).toMatchObject({ hostAliases });
  expect(specOf("extra_hosts: {data: 10.0.0.5}")).toMatchObject({ hostAliases });
});

test("disks are limited as by docker run", () => {
  const written =
    "{weight: 200, device_read_bps: [{path: /dev/sda, rate: 10mb}], device_write_iops: [{path: /dev/sda, rate: 9}]}";
  expect(specOf(`blkio_config: ${written}`)).toMatchObject({
    resources: {
      io: {
        weight: 200,
        devices: [{ path: "/dev/sda", readBytesPerSecond: "10Mi", writeOperationsPerSecond: 9 }],
      },
    },
  });
});

test("what extends another service says otherwise where it says something", () => {
  const text = [
    "services:",
    "  base: {image: x, gpus: 4, volumes: ['/a:/data', '/b:/more'], command: [a], environment: {A: 1, B: 1}, privileged: true}",
    "  own: {extends: base, gpus: 1, volumes: ['/c:/data'], command: [b], environment: [A=2]}",
  ].join("\n");
  const own = parse(convert(text, { services: ["own"] }).containers[0]?.text ?? "") as { spec: object };
  expect(own.spec).toEqual({
    image: "x",
    args: ["b"],
    env: [
      { name: "A", value: "2" },
      { name: "B", value: "1" },
    ],
    gpus: { count: 1 },
    volumes: [
      { name: "more", mountPath: "/more", hostPath: { path: "/b" } },
      { name: "data", mountPath: "/data", hostPath: { path: "/c" } },
    ],
    securityContext: { privileged: true },
    restartPolicy: "Never",
  });
  expect(told("services: {a: {image: x, extends: b}, b: {extends: a}}")).toContain("extends itself");
  expect(told("services: {a: {image: x, extends: c}}")).toContain('there is no service "c"');
});

test("everything that is wrong is told at once, with line and column", () => {
  const text = [
    "services:",
    "  a:",
    "    image: ${TAG:?say which}",
    "    enviroment: {}",
    "    ports: ['a:b']",
    "    mem_limit: 5q",
    "    volumes: [{type: bind, source: ./x, traget: /x}]",
    "    privileged: perhaps",
    "    working_dir: relative",
    "  b: {command: x}",
    "sevices: {}",
  ].join("\n");
  const lines = told(text)
    .split("\n")
    .filter((line) => line.startsWith("compose.yaml"));
  expect(lines).toEqual([
    "compose.yaml:3:12: error: services.a.image: TAG is not set: say which",
    "compose.yaml:4:5: error: services.a.enviroment: is no key of a service, did you mean environment?",
    expect.stringContaining('compose.yaml:5:13: error: services.a.ports[0]: "a:b" is no port to publish'),
    expect.stringContaining('compose.yaml:6:16: error: services.a.mem_limit: "5q" is not a size'),
    expect.stringContaining("compose.yaml:7:15: error: services.a.volumes[0]: spec.volumes[0].mountPath"),
    "compose.yaml:7:41: error: services.a.volumes[0].traget: is no field of a volume, did you mean target?",
    "compose.yaml:8:17: error: services.a.privileged: is neither true nor false",
    expect.stringContaining("compose.yaml:9:18: error: services.a.working_dir: spec.workingDir"),
    "compose.yaml:10:6: error: services.b: names no image, and nothing to build one of",
    "compose.yaml:11:1: error: sevices: is no key of a compose file, did you mean services?",
  ]);
  expect(convert(text).containers).toEqual([]);
});

test.each([
  ["", "has no services"],
  ["a: [", "is not closed"],
  ["services: 3\n", "a map is expected"],
  ["services: {a: 3}\n", "is not a map of fields"],
  ["include: [x]\nservices: {a: {image: x}}\n", "other files are not read"],
  ["services: {a: {image: x, env_file: x}}\n", "there is no file /srv/lab/x"],
  ["services: {a: {image: x, command: 'a \"b'}}\n", "never closed"],
  ["services: {a: {image: x, container_name: y}, y: {image: x}}\n", "another service becomes y"],
  ["services: {a: {image: x, gpus: many}}\n", '"many" is not a number of GPUs'],
  ["services: {a: {image: 'x:$'}}\n", "write $$ for a dollar"],
])("%j is refused: %s", (text, said) => {
  expect(told(text, { files: new Map([["/srv/lab/x", null]]) })).toContain(said);
});

test("an env file in the raw format stays a file, and one that takes names from around is read", () => {
  const files = new Map([
    ["/srv/lab/raw.env", "A='$x'\n"],
    ["/srv/lab/bare.env", "FROM_SHELL\nB='q'\n"],
  ]);
  const envFile = (name: string) => `env_file: [{path: ${name}, format: raw}]\nenvironment: {C: c}`;
  expect(specOf(envFile("raw.env"), { files })).toMatchObject({
    env: [{ name: "C", value: "c" }],
    envFrom: [{ file: { path: "/srv/lab/raw.env" } }],
  });
  const read = specOf(envFile("bare.env"), { files, lookup: (name) => variables[name] });
  expect(read).not.toHaveProperty("envFrom");
  expect(read).toMatchObject({
    env: expect.arrayContaining([
      { name: "B", value: "'q'" },
      { name: "FROM_SHELL", value: "here" },
    ]),
  });
});
