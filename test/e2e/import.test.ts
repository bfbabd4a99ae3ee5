import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runDs01 } from "../support/run-ds01.ts";
import type { Ds01Result } from "../support/run-ds01.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const testdata = join(import.meta.dirname, "../testdata/resource-limits");
const golden = (name: string) => readFileSync(join(testdata, name), "utf8");

/** A copy of the scripts' configuration, and a command line that has no controller. */
function scripts() {
  const folder = temporaryDirectory();
  cpSync(testdata, folder, { recursive: true });
  const file = join(folder, "resource-limits.yaml");
  const ds01 = async (line: readonly string[], stdin?: string): Promise<Ds01Result> => {
    const around = { socketPath: "/nonexistent/ds01.sock", ...(stdin === undefined ? {} : { stdin }) };
    const { code, stdout, stderr } = await runDs01(line, around);
    return { code, stdout: stdout.replaceAll(`${folder}/`, ""), stderr: stderr.replaceAll(`${folder}/`, "") };
  };
  return { folder, file, ds01 };
}

describe("import run", () => {
  it("prints a ContainerSpec that validates, and tells on standard error what is left out", async () => {
    const { folder, ds01 } = scripts();
    writeFileSync(join(folder, "my.env"), "EPOCHS=3\n");
    const line = [
      "docker",
      "run",
      "--rm",
      "--env-file",
      join(folder, "my.env"),
      "-v",
      "./data:/data",
      "x",
      "train",
    ];
    const { code, stdout, stderr } = await ds01(["import", "run", "--", ...line]);
    expect(code).toBe(0);
    expect(stdout).toContain(`path: ${join(process.cwd(), "data")} #`);
    expect(stdout).toContain("envFrom:\n    - file:\n        path: my.env\n");
    expect(stderr).toMatch(
      /^Left out, for ds01 has it in another place:\n.* {4}command line:1:12: --rm\n\nNot as it was:\n.*: --env-file: the variables stay in my\.env, which a quota has to grant .*\n\n1 container, 1 flag left out, 1 not as it was\n$/s,
    );
    expect(await ds01(["validate", "-"], stdout)).toMatchObject({ code: 0, stderr: "" });
    const written = await ds01(["import", "run", "--output-dir", join(folder, "specs"), "--", ...line]);
    expect(written).toMatchObject({ code: 0, stdout: "specs/x.yaml\n" });
    const text = readFileSync(join(folder, "specs/x.yaml"), "utf8");
    expect(text).toContain(`path: ${join(folder, "my.env")}\n`);
    expect(text.replaceAll(`${folder}/`, "")).toBe(stdout);
  });
});

describe("import compose", () => {
  it("takes variables from the environment, then from .env beside the file or where it is told", async () => {
    const { folder, ds01 } = scripts();
    const file = join(folder, "compose.yaml");
    writeFileSync(
      file,
      "services: {a: {image: 'x:${TAG:?which}', volumes: ['./d:/d']}, b: {image: '$TAG'}}\n",
    );
    writeFileSync(join(folder, "other.env"), "TAG=other\n");
    const refused = await ds01(["import", "compose", file]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(
      "compose.yaml:1:23: error: services.a.image: TAG is not set: which\n  1 | services:",
    );
    writeFileSync(join(folder, ".env"), "TAG=beside\n");
    expect((await ds01(["import", "compose", file])).stdout).toContain("image: x:beside\n");
    const named = await ds01([
      "import",
      "compose",
      file,
      "--env-file",
      join(folder, "other.env"),
      "--service",
      "a",
    ]);
    expect(named.stdout).toContain("image: x:other\n");
    expect(named.stdout).toContain("path: d #");
    expect(named.stderr).toBe("1 container, 0 keys left out, 0 not as it was\n");
    writeFileSync(join(folder, ".env"), "TAG='open\n");
    expect((await ds01(["import", "compose", file])).stderr).toContain(".env:1:1: error: is not NAME=value");
  });
});

describe("import resource-limits", () => {
  it("prints QuotaSpecs that validate, and tells on standard error what is left out, without a controller", async () => {
    const { file, ds01 } = scripts();
    const imported = await ds01(["import", "resource-limits", file]);
    expect(imported).toEqual({
      code: 0,
      stdout: golden("expected.yaml"),
      stderr: golden("expected-notes.txt"),
    });
    expect(await ds01(["validate", "-"], imported.stdout)).toEqual({
      code: 0,
      stdout: "stdin: ok\n1 ok\n",
      stderr: "",
    });
  });

  it("writes one file for each quota, and never over one that is there", async () => {
    const { folder, file, ds01 } = scripts();
    mkdirSync(join(folder, "specs"));
    const directory = join(folder, "specs/quotas");
    const names = ["007", "admin", "default", "grace-example.org", "guest", "researcher"];
    const line = ["import", "resource-limits", file, "--output-dir", directory];
    const first = await ds01(line);
    expect(first.code).toBe(0);
    expect(first.stdout.trim().split("\n").toSorted()).toEqual(
      names.map((name) => `specs/quotas/${name}.yaml`),
    );
    expect(readdirSync(directory).toSorted()).toEqual(names.map((name) => `${name}.yaml`));
    expect(statSync(join(directory, "admin.yaml")).mode & 0o777).toBe(0o644 & ~process.umask());
    expect(await ds01(["validate", directory])).toMatchObject({ code: 0 });

    writeFileSync(join(directory, "admin.yaml"), "mine\n");
    rmSync(join(directory, "guest.yaml"));
    const again = await ds01(line);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("specs/quotas/admin.yaml");
    expect(again.stderr).toContain("there already; nothing was written\n");
    expect(again.stderr).toContain("--force");
    expect(readFileSync(join(directory, "admin.yaml"), "utf8")).toBe("mine\n");
    expect(readdirSync(directory)).toHaveLength(names.length - 1);

    expect((await ds01([...line, "--force"])).code).toBe(0);
    expect(readFileSync(join(directory, "admin.yaml"), "utf8")).toContain("kind: QuotaSpec");
    expect(readdirSync(directory)).toHaveLength(names.length);
  });

  it("shows everything that is wrong at once, with line and caret, and makes nothing", async () => {
    const { folder, file, ds01 } = scripts();
    writeFileSync(file, golden("resource-limits.yaml").replace("memory: 64g", "memory: 64 gigs"));
    writeFileSync(join(folder, "groups/guest.members"), "visitor one\n");
    const directory = join(folder, "quotas");
    const refused = await ds01(["import", "resource-limits", file, "--output-dir", directory]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(
      [
        'resource-limits.yaml:43:13: error: groups.researcher.memory: "64 gigs" is not a size; write it as Docker does, such as 32g or 512m, or null for no limit',
        "  43 |     memory: 64 gigs",
        "     |             ^^^^^^^",
        'groups/guest.members:1:1: error: "visitor one" is not a user name',
      ].join("\n"),
    );
    expect(refused.stderr).toMatch(/\n2 errors; nothing was made of it\n$/);
    expect(readdirSync(folder)).not.toContain("quotas");
  });

  it("reads standard input, and members and overrides where it is told", async () => {
    const { folder, ds01 } = scripts();
    mkdirSync(join(folder, "elsewhere"));
    writeFileSync(join(folder, "elsewhere/lab.members"), "ada\n");
    writeFileSync(join(folder, "elsewhere/exceptions.yaml"), "bob: {max_cpus: 1}\n");
    const line = ["import", "resource-limits", "-"];
    const text = "groups: {lab: {max_cpus: 4}}\n";
    const alone = await ds01(line, text);
    expect(alone.stdout).toContain("users: []");
    expect(alone.stderr).toContain("stdin:1:10: groups.lab: no members are known");
    const flags = ["--members", join(folder, "elsewhere")];
    const whole = await ds01(
      [...line, ...flags, "--user-overrides", join(folder, "elsewhere/exceptions.yaml")],
      text,
    );
    expect(whole.stdout).toContain("- ada\n");
    expect(whole.stdout).toContain("- bob\n");
    expect(whole.stderr).toBe("3 quotas, 0 keys left out, 0 not as it was\n");
  });

  it("tells of exemptions that lie beside the file", async () => {
    const { folder, file, ds01 } = scripts();
    writeFileSync(join(folder, "lifecycle-exemptions.yaml"), "exemptions: []\n");
    expect((await ds01(["import", "resource-limits", file])).stderr).toMatch(
      /An exemption is a QuotaSpec for the user[^\n]*\n[^\n]*\n {4}lifecycle-exemptions.yaml:1:1\n/,
    );
  });

  it.each([
    [["import"], 2, "say what to import: run, compose, resource-limits"],
    [["import", "resource-limits"], 2, "say: ds01 import resource-limits FILE"],
    [["import", "compose"], 2, "say: ds01 import compose FILE"],
    [["import", "compose", "-", "--members", "x"], 2, "--members belongs to import resource-limits"],
    [
      ["import", "run", "--service", "x", "--", "docker", "run", "x"],
      2,
      "--service belongs to import compose",
    ],
    [
      ["import", "resource-limits", "-", "--all-gpus", "2"],
      2,
      "--all-gpus belongs to import run and compose",
    ],
    [["import", "compose", "-"], 2, "stdin:1:1: error: defaults: is no key of a compose file"],
    [["import", "compose", "-", "--env-file", "/nonexistent/x"], 4, "there is no such file"],
    [["import", "compose", "/nonexistent/compose.yaml"], 4, "there is no such file"],
    [["import", "run", "docker", "run", "x"], 2, "write the command line behind --"],
    [
      ["import", "run", "--members", "x", "--", "docker", "run", "x"],
      2,
      "--members belongs to import resource-limits",
    ],
    [["import", "run", "--all-gpus", "many", "--", "docker", "run", "x"], 2, "--all-gpus takes a number"],
    [
      ["import", "run", "--", "docker", "run", "--env-file", "/nonexistent/x", "x"],
      4,
      "there is no such file",
    ],
    [["import", "run", "--", "docker", "run", "--gpuss", "x"], 2, "did you mean --gpus?"],
    [["import", "limits", "x.yaml"], 2, "say what to import: run, compose, resource-limits"],
    [["import", "resource-limits", "x.yaml", "--force"], 2, "--force needs --output-dir"],
    [["import", "resource-limits", "/nonexistent/x.yaml"], 4, "there is no such file"],
    [
      ["import", "resource-limits", "-", "--members", "/nonexistent"],
      4,
      "/nonexistent: there is no such file",
    ],
    [["import", "resource-limits", "/"], 1, "/ cannot be read"],
    [["import", "resource-limits", "-", "--output-dir", "/proc/x"], 1, "/proc/x cannot be written"],
    [
      ["import", "resource-limits", "-", "--output-dir", "/nonexistent/x"],
      1,
      "/nonexistent/x cannot be written",
    ],
  ])("%j ends with %i", async (line, code, said) => {
    const ended = await scripts().ds01(line, "defaults: {}\n");
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(said);
  });
});
