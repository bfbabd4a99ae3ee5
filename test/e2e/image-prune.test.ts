import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSpec, ImageStatus } from "../../src/api/image.ts";
import type { ApiObject } from "../../src/api/meta.ts";
import { packTar } from "../bed/tar.ts";
import { waitFor } from "../bed/wait-for.ts";
import { holdsFor } from "./holds-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

type ImageObject = ApiObject<ImageSpec, ImageStatus>;

describe("images that ds01 has built", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "image-prune" });
  });

  afterAll(async () => host.stop());

  function write(path: string, text: string): void {
    const target = join(host.specs, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  function declare(name: string, fields: object = {}): void {
    const build = { context: `./${name}-files` };
    host.drop(`users/alice/${name}.yaml`, containerSpec(name, { image: undefined, build, ...fields }));
  }

  /** Has the object built and run, and returns the name of its image. */
  async function built(name: string, dockerfile: string): Promise<string> {
    write(`users/alice/${name}-files/Dockerfile`, dockerfile);
    declare(name);
    await host.waitForReady(`alice/${name}`);
    return (await host.dockerInspect(`alice/${name}`)).Config.Image;
  }

  /** As somebody would with docker, with these labels. */
  async function builtByHand(tag: string, labels: Readonly<Record<string, string>>): Promise<void> {
    const content = `FROM bed/base:1\nENV BY_HAND=${tag}\n`;
    const tar = Readable.from([packTar([{ path: "Dockerfile", content }])]);
    const output = await host.engine.docker.buildImage(tar, { t: tag, labels });
    for await (const line of output) expect(String(line)).not.toContain('"error"');
  }

  async function tagsHere(): Promise<readonly string[]> {
    const images = await host.engine.docker.listImages();
    return images.flatMap(({ RepoTags }) => RepoTags ?? []).toSorted();
  }

  async function imageOf(name: string): Promise<ImageObject | undefined> {
    const { stdout } = await host.ds01("get", "images", "-o", "json");
    const { items } = JSON.parse(stdout) as { items: ImageObject[] };
    return items.find(({ spec }) => spec?.names.includes(name));
  }

  it("must be shown with what made and what uses them, and go only when nothing does", async () => {
    const first = await built("train", "FROM bed/base:1\nRUN echo one >/word\n");
    write("users/alice/train-files/Dockerfile", "FROM bed/base:1\nRUN echo another >/word\n");
    // The files of an object are looked at every five seconds at most.
    await holdsFor(6000, async () => expect(await host.container("alice/train")).toBeDefined());
    await host.ds01("stop", "train");
    await host.waitForPhase("alice/train", "Stopped");
    // The one that is stopped still has its image.
    expect((await imageOf(first))?.status).toMatchObject({ prunable: false, builtFor: { name: "train" } });
    expect((await host.ds01("prune", "images", "--yes")).stderr).toContain("Nothing was removed.");
    await host.ds01("start", "train");
    await host.waitForObject(
      "alice/train",
      "made anew",
      (object) => conditionOf(object, "Ready")?.status === "True" && object.status.container?.image !== first,
    );
    const { Image: running, Config } = await host.dockerInspect("alice/train");
    const second = Config.Image;
    const marks = { "ds01.build": "true", "ds01.user": "alice", "ds01.name": "train" };
    await builtByHand("ds01-build/alice/train:elsewhere", { ...marks, "ds01.instance": "elsewhere" });
    await builtByHand("ds01-build/alice/train:unmarked", {});
    const before = await tagsHere();

    const table = (await host.ds01("get", "images", "-o", "wide")).stdout;
    expect(table.split("\n")[0]).toMatch(/^ID +IMAGE +SIZE +AGE +ORIGIN +USED-BY +PRUNABLE +KEPT-BECAUSE/);
    const lineOf = (name: string): string => table.split("\n").find((line) => line.includes(name)) ?? "";
    expect(lineOf(first)).toMatch(/built for alice\/train +yes/);
    expect(lineOf(second)).toMatch(/built for alice\/train +alice\/train +no +alice\/train uses it/);
    expect(lineOf("train:elsewhere")).toContain('another ds01 ("elsewhere") built it');
    expect(lineOf("bed/base:1")).toMatch(/pulled or local +alice\/train +no +ds01 did not build it/);
    expect(lineOf("train:unmarked")).toBe("");
    expect(lineOf("bed/health:1")).toBe("");
    const old = await imageOf(first);
    const { name = "", creationTimestamp = "" } = old?.metadata ?? {};
    expect(Math.abs(Date.parse(creationTimestamp) - Date.now())).toBeLessThan(120_000);
    expect((await host.ds01("get", `image/${name}`, "-o", "name")).stdout).toBe(`image/${name}\n`);
    expect((await host.ds01("describe", "image", name)).stdout).toContain("by `ds01 prune images`");
    expect((await host.ds01("get", "image", "cafecafecafe")).code).toBe(4);

    const asked = await host.ds01("prune", "images");
    expect(asked).toMatchObject({ code: 2, stdout: "" });
    expect(asked.stderr).toContain("--yes");
    const dry = await host.ds01("prune", "images", "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(new RegExp(`${name} +${first} +alice/train`));
    expect(dry.stdout).toMatch(/1 image: \d.* would be freed/);
    expect((await host.ds01("prune", "images", "--yes", "--older-than", "1h")).stdout).toBe("");
    expect((await host.ds01("prune", "images", "--yes", "-n", "bob")).stdout).toBe("");
    expect(await tagsHere()).toEqual(before);

    const done = await host.ds01("prune", "images", "--yes");
    expect(done).toMatchObject({ code: 0, stdout: `${first} removed\n` });
    expect(await tagsHere()).toEqual(before.filter((tag) => tag !== first));
    expect(await imageOf(first)).toBeUndefined();
    const { State, Image } = await host.dockerInspect("alice/train");
    expect([State.Running, Image]).toEqual([true, running]);
    const event = await host.waitForEvent(`alice/${name}`, "ImagePruned");
    expect(event.involvedObject).toMatchObject({ kind: "Image", name });
    expect(event.message).toMatch(/no spec and no container uses it; asked for by root$/);
    const log = (): string => readFileSync(join(host.logDir, "container-operations.log"), "utf8");
    await expect.poll(log).toMatch(/\|image_prune\|alice\|.*\|success\|ds01-build\/alice\/train/);

    await host.remove("alice/train");
    expect((await host.ds01("prune", "images", "--yes")).stdout).toBe(`${second} removed\n`);
    expect(await tagsHere()).toContain("ds01-build/alice/train:elsewhere");
    expect(await tagsHere()).toContain("ds01-build/alice/train:unmarked");
  });

  it("must stay while a Dockerfile builds on them or a pull has other names for them", async () => {
    const base = await built("base", "FROM bed/base:1\nRUN echo base >/base\n");
    const app = await built("app", `FROM ${base}\nRUN echo app >/app\n`);
    await host.remove("alice/base");
    await expect.poll(async () => (await imageOf(base))?.status?.keptBecause).toBe("alice/app uses it");
    await host.engine.docker.getImage(app).tag({ repo: "lab/app", tag: "1" });
    await host.remove("alice/app");
    await waitFor("the other name", async () => (await imageOf(app))?.spec?.names.includes("lab/app:1"));
    await expect
      .poll(async () => (await imageOf(app))?.status?.keptBecause)
      .toBe("it is called lab/app:1 as well");
    // The base goes although an image is built on it: its layers stay with that.
    expect((await host.ds01("prune", "images", "--yes")).stdout).toBe(`${base} removed\n`);
    await host.engine.docker.getImage("lab/app:1").remove();
    expect((await host.ds01("prune", "images", "--yes")).stdout).toBe(`${app} removed\n`);
    expect((await tagsHere()).filter((tag) => /base:[0-9a-f]{16}|app/.test(tag))).toEqual([]);
  });

  it("must be removed by nobody while the specs are not known", async () => {
    const image = await built("lone", "FROM bed/base:1\nRUN echo lone >/lone\n");
    await host.remove("alice/lone");
    await host.restartController();
    expect((await host.ds01("prune", "images", "--yes", "--older-than", "soon")).code).toBe(2);
    expect((await host.ds01("prune", "--yes")).code).toBe(2);
    expect((await host.ds01("prune", "images", "--confirm", "abc")).code).toBe(2);
    const pass = host.proxy.addRule({ fault: "reset" });
    host.proxy.cutStreams();
    const refused = await host.ds01("prune", "images", "--yes");
    pass();
    expect(refused.code).toBe(69);
    expect(await tagsHere()).toContain(image);
    await waitFor("the engine to answer", async () => {
      return (await host.ds01("prune", "images", "--yes")).stdout === `${image} removed\n`;
    });
  });
});
