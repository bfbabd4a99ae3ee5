import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorCode } from "../src/adapters/error-code.ts";
import { FailPoints } from "./bed/fail-points.ts";
import type { FailPoint } from "./bed/fail-points.ts";
import { waitFor } from "./bed/wait-for.ts";
import { failPointsOf } from "./support/choose-fail-points.ts";

/** Writes a file by rename, asks an engine for something, and has Git look at a repository. */
const program = `
  import { spawn } from "node:child_process";
  import { closeSync, openSync, writeFileSync } from "node:fs";
  import { appendFile, rename, rm } from "node:fs/promises";
  import { request } from "node:http";
  import { once } from "node:events";
  const file = openSync("state/.a.json.1.1.tmp", "wx");
  writeFileSync(file, "{}");
  closeSync(file);
  await rename("state/.a.json.1.1.tmp", process.cwd() + "/state/a.json");
  for (const name of ["one", "two"]) {
    const asked = request({ socketPath: "engine.sock", method: "POST", path: \`/containers/\${name}/start\` });
    asked.end();
    const [answer] = await once(asked, "response");
    answer.resume();
    await once(answer, "end");
  }
  const git = spawn("git", ["-c", "a.b=c", "init", "--quiet", "made"]);
  await once(git, "exit");
  await rm("state/a.json");
  console.log("done");
`;
const effects = [
  "write state/a.json.tmp",
  "rename state/a.json",
  "POST /containers/NAME/start",
  "POST /containers/NAME/start",
  "git init",
  "rm state/a.json",
];

describe("fail points", { timeout: 60_000 }, () => {
  let folder: string;
  let points: FailPoints;
  let server: Server;
  let asked: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "ds01-points-"));
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "program.mjs"), program);
    points = new FailPoints();
    asked = [];
    server = createServer((incoming, outgoing) => {
      asked.push(String(incoming.url));
      outgoing.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(join(folder, "engine.sock"), resolve));
  });

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    points.remove();
    await waitFor("everything to be at its end", isRemoved);
  });

  it("should count what a program does to the world, and nothing when nobody asks", async () => {
    expect(await run()).toBe("done");
    expect(points.effects()).toEqual([]);
    rmSync(join(folder, "made"), { recursive: true });
    points.arm();
    expect(await run()).toBe("done");
    expect(points.effects()).toEqual(effects);
  });

  it.each<[FailPoint, () => unknown, unknown]>([
    [{ kind: "write state/a.json.tmp", nth: 1, moment: "before" }, () => text("state/.a.json.1.1.tmp"), ""],
    [{ kind: "write state/a.json.tmp", nth: 1, moment: "after" }, () => text("state/.a.json.1.1.tmp"), "{}"],
    [{ kind: "rename state/a.json", nth: 1, moment: "before" }, () => text("state/a.json"), undefined],
    [{ kind: "rename state/a.json", nth: 1, moment: "after" }, () => text("state/a.json"), "{}"],
    [{ kind: "POST /containers/NAME/start", nth: 1, moment: "before" }, () => asked.length, 0],
    [{ kind: "POST /containers/NAME/start", nth: 1, moment: "after" }, () => asked.length, 1],
    [{ kind: "POST /containers/NAME/start", nth: 2, moment: "before" }, () => asked.length, 1],
    [{ kind: "git init", nth: 1, moment: "before" }, () => existsSync(join(folder, "made")), false],
    [{ kind: "git init", nth: 1, moment: "after" }, () => existsSync(join(folder, "made/.git")), true],
    [{ kind: "rm state/a.json", nth: 1, moment: "after" }, () => text("state/a.json"), undefined],
  ])("should kill at %o", async (point, seen, expected) => {
    points.arm(point);
    expect(await run()).toBe("SIGKILL");
    expect(seen()).toEqual(expected);
    const nth = points.effects().filter((kind) => kind === point.kind).length;
    expect([points.effects().at(-1), nth]).toEqual([point.kind, point.nth]);
  });

  it("should let what is under way go on when the program is killed in it", async () => {
    points.arm({ kind: "POST /containers/NAME/start", nth: 1, moment: "during" });
    expect(await run()).toBe("SIGKILL");
    await waitFor("the engine to hear of it", () => asked.length === 1);
    points.arm({ kind: "git init", nth: 1, moment: "during" });
    expect(await run()).toBe("SIGKILL");
    await waitFor("the repository", () => existsSync(join(folder, "made/.git/HEAD")));
  });

  /** A program that outlives the one that was killed may still write there. */
  function isRemoved(): boolean {
    try {
      rmSync(folder, { recursive: true });
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOTEMPTY") return false;
      throw error;
    }
  }

  /** What the program printed, or the signal that ended it. */
  async function run(): Promise<string> {
    rmSync(join(folder, "state"), { recursive: true });
    mkdirSync(join(folder, "state"));
    const env = { PATH: process.env["PATH"], ...points.environment };
    return new Promise((resolve) => {
      execFile(process.execPath, ["program.mjs"], { cwd: folder, env }, (error, stdout, stderr) =>
        resolve(error === null ? stdout.trim() : (error.signal ?? stderr)),
      );
    });
  }

  function text(path: string): string | undefined {
    return existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : undefined;
  }
});

describe("the choice of fail points", () => {
  const told = (points: readonly FailPoint[]): readonly string[] =>
    points.map(({ moment, kind, nth }) => `${moment} ${kind} ${nth}`);

  it("should name each effect once, and three moments of what others do", () => {
    const points = failPointsOf(effects);
    expect(told(points).toSorted()).toEqual(
      [
        "before write state/a.json.tmp 1",
        "before rename state/a.json 1",
        "before POST /containers/NAME/start 1",
        "during POST /containers/NAME/start 1",
        "after POST /containers/NAME/start 1",
        "before POST /containers/NAME/start 2",
        "during POST /containers/NAME/start 2",
        "after POST /containers/NAME/start 2",
        "before git init 1",
        "during git init 1",
        "after git init 1",
        "before rm state/a.json 1",
      ].toSorted(),
    );
  });

  it("should begin with one of each kind, the engine before programs before files", () => {
    expect(told(failPointsOf(effects)).slice(0, 4)).toEqual([
      "after POST /containers/NAME/start 1",
      "after git init 1",
      "before rename state/a.json 1",
      "before rm state/a.json 1",
    ]);
  });

  it("should put last what others have shown", () => {
    const shown = new Set(["POST /containers/NAME/start", "rename state/a.json"]);
    expect(told(failPointsOf(effects, shown)).slice(0, 2)).toEqual([
      "after git init 1",
      "before rm state/a.json 1",
    ]);
  });

  it("should begin no kill in a program that only reads", () => {
    expect(told(failPointsOf(["git ls-tree", "git fetch"]))).toEqual([
      "after git fetch 1",
      "before git ls-tree 1",
      "during git fetch 1",
      "before git fetch 1",
    ]);
  });

  it("should take one of the lines in logs for all", () => {
    const points = failPointsOf(["append log/events.jsonl", "append log/events.jsonl"]);
    expect(told(points)).toEqual(["before append log/events.jsonl 1"]);
  });
});
