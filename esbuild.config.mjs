// Bundles the CLI after `tsc`. `ds01 get` then reads one small file: loading thirty ES modules costs as much as
// the whole request. Everything but the CLI stays as tsc emitted it; `ds01 controller` loads dist/daemon.js.
import { chmod, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const outdir = process.argv[2] ?? "dist/cli";

/** Where verbs come in that need the schemas, YAML, or what turns other files into specs. */
const schemaModules = [
  "configuration",
  "explain",
  "kubeconfig",
  "parse",
  "render-problems",
  "yaml-text",
  "resource-limits/convert",
  "compose/convert-compose",
  "compose/dotenv",
  "run-command/convert-run-command",
  "run-command/parse-run-command",
  "docker-export/render-compose",
  "docker-export/render-run",
];

/** Modules that have a file of their own: what only some verbs need, and the error classes that all files share. */
const apart = [
  {
    file: "errors.js",
    filter: /\/(?:util\/errors|usage-error)\.ts$/,
    source: 'export * from "./src/util/errors.ts"; export * from "./src/cli/usage-error.ts";',
  },
  // The ESM edition of yaml, so that esbuild can name the exports for `import()`.
  { file: "yaml.js", filter: /^yaml$/, source: 'export * from "./node_modules/yaml/browser/dist/index.js";' },
  {
    file: "schemas.js",
    filter: new RegExp(`/api/(?:${schemaModules.join("|")})\\.ts$`),
    source: schemaModules.map((name) => `export * from "./src/api/${name}.ts";`).join(""),
  },
];

/** What moves files into and out of containers, what makes specs of flags, what reviewers read: a verb or two each. */
for (const { folder, names } of [
  { folder: "copy", names: ["copy-in", "copy-out", "copy-place"] },
  { folder: "create", names: ["container-flags", "guided"] },
  {
    folder: "review",
    names: ["owner-problems", "validation-report", "review-changes", "quota-effects", "push-to-branch"],
  },
]) {
  apart.push({
    file: `${folder}.js`,
    filter: new RegExp(`/${folder}/(?:${names.join("|")})\\.ts$`),
    source: names.map((name) => `export * from "./src/cli/${folder}/${name}.ts";`).join(""),
  });
}

/** Verbs of rare occasions: admins' work, migration, looking into what went wrong. */
const rareVerbs = [
  "allocate",
  "cordon",
  "create",
  "doctor",
  "drain",
  "emergency-stop",
  "export",
  "import",
  "keepalive",
  "kubeconfig",
  "prune",
  "resume",
  "scrap",
  "suspend",
  "uncordon",
  "undelete",
];
apart.push({
  file: "rare-verbs.js",
  filter: new RegExp(`/verbs/(?:${rareVerbs.join("|")})\\.ts$`),
  source: rareVerbs.map((name) => `export * from "./src/cli/verbs/${name}.ts";`).join(""),
});

/** Leaves what has its own file, and the controller, outside of a bundle. All files lie in dist/cli. */
function outside(except) {
  return {
    name: "outside",
    setup(bundle) {
      for (const { file, filter } of apart) {
        // What a file is made of is inside it; everywhere else it is required.
        if (file !== except) bundle.onResolve({ filter }, () => ({ path: `./${file}`, external: true }));
      }
      bundle.onResolve({ filter: /\/daemon\.ts$/ }, () => ({ path: "../daemon.js", external: true }));
    },
  };
}

const common = {
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  external: ["ws"],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  define: { "import.meta.url": "ds01ModuleUrl" },
  banner: { js: 'const ds01ModuleUrl=require("node:url").pathToFileURL(__filename);' },
  logLevel: "warning",
};

await rm(outdir, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ["src/cli/main.ts"],
  outfile: `${outdir}/main.js`,
  plugins: [outside("main.js")],
});
for (const { file, source } of apart) {
  await build({
    ...common,
    stdin: { contents: source, resolveDir: ".", sourcefile: file },
    outfile: `${outdir}/${file}`,
    plugins: [outside(file)],
  });
}
// CommonJS starts faster than ES modules, and the package is "type": "module".
await writeFile(`${outdir}/package.json`, '{ "type": "commonjs" }\n');
await chmod(`${outdir}/main.js`, 0o755);
