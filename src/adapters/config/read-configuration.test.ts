import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readSettings, type Settings } from "./read-configuration.ts";

async function settingsFrom(text: string, specs?: string): Promise<Settings> {
  const folder = mkdtempSync(join(tmpdir(), "ds01-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = join(folder, "config.yaml");
  writeFileSync(config, text);
  return readSettings({ config, ...(specs === undefined ? {} : { specs }) }, {}).catch((error: unknown) => {
    throw new Error(error instanceof Error ? error.message.replaceAll(folder, "") : String(error));
  });
}

test("without sources the specs directory is the only one", async () => {
  const { sources, specs } = await settingsFrom("specs: /lab/specs\n");

  expect(sources).toEqual([{ name: "specs", directory: { path: "/lab/specs" } }]);
  expect(specs).toBe("/lab/specs");
});

test("sources stand in the place of the specs directory, and not beside it", async () => {
  const text =
    "sources:\n  - {name: lab, directory: {path: /lab}}\n  - {name: own, directory: {path: /own}}\n";
  const { sources, specs, volumes } = await settingsFrom(text);

  expect(sources.map(({ name }) => name)).toEqual(["lab", "own"]);
  expect(specs).toBe("/lab");
  expect(volumes.sourceRoots).toEqual({ lab: "/lab", own: "/own" });
  await expect(settingsFrom(text, "/other")).rejects.toThrow(
    "in the place of specs, which is given too (/other)",
  );
  await expect(settingsFrom(`specs: /other\n${text}`)).rejects.toThrow("in the place of specs");
});

test("a mistake is told with its line and column", async () => {
  const twice =
    "sources:\n  - name: lab\n    directory: {path: /lab}\n  - name: lab\n    directory: {path: /own}\n";

  await expect(settingsFrom(twice)).rejects.toThrow(
    '/config.yaml:4:11: sources.1.name: there are two sources "lab"',
  );
  await expect(settingsFrom("specs: /a\nwrokers: 4\n")).rejects.toThrow(
    '/config.yaml:2:10: wrokers: unknown key, did you mean "workers"?',
  );
  await expect(settingsFrom("sources: []\n")).rejects.toThrow("/config.yaml:1:10: sources: ");
});

test("webhooks are listened for where the configuration says, and somewhere where a source wants them", async () => {
  const source = "{name: lab, git: {url: /srv/lab.git, webhook: {secretFile: /etc/secret}}}";
  const withAddress = (listen: string): string =>
    `api: {webhook: {listen: "${listen}"}}\nsources: [${source}]\n`;

  expect((await settingsFrom("specs: /lab\n")).webhook).toBeNull();
  expect((await settingsFrom(withAddress("10.0.0.1:80"))).webhook).toEqual({ host: "10.0.0.1", port: 80 });
  expect((await settingsFrom(withAddress("[::1]:8787"))).webhook).toEqual({ host: "::1", port: 8787 });
  for (const wrong of ["8787", "127.0.0.1", "127.0.0.1:65536", "lab:80;x:1"]) {
    await expect(settingsFrom(withAddress(wrong)), wrong).rejects.toThrow("api.webhook.listen");
  }
  await expect(settingsFrom(`sources: [${source}]\n`)).rejects.toThrow(
    "sources.0.git.webhook: nobody listens for it",
  );
});
