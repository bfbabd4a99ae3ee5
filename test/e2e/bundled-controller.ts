import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";

// What packages of CommonJS expect of Node.
const prelude = `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { dirname: __dirname, filename: __filename } = import.meta;`;

/**
 * The built program with its controller in one file: the same code, which starts at a third of the cost. For tests
 * that start some hundred controllers.
 */
export function bundledController(main: string): string {
  const built = join(dirname(main), "../..");
  const target = join(built, "bundled");
  const bundled = join(target, "dist/cli/main.js");
  if (existsSync(bundled)) return bundled;
  const draft = `${target}.${process.pid}`;
  mkdirSync(join(draft, "dist"), { recursive: true });
  cpSync(join(built, "dist/cli"), join(draft, "dist/cli"), { recursive: true });
  copyFileSync(join(built, "package.json"), join(draft, "package.json"));
  // It looks for package.json from where it is.
  const stays = "adapters/config/package-version.js";
  mkdirSync(dirname(join(draft, "dist", stays)), { recursive: true });
  copyFileSync(join(built, "dist", stays), join(draft, "dist", stays));
  buildSync({
    entryPoints: [join(built, "dist/daemon.js")],
    outfile: join(draft, "dist/daemon.js"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["koffi", "*.node", `./${stays}`],
    banner: { js: prelude },
    logLevel: "error",
  });
  if (existsSync(bundled)) rmSync(draft, { recursive: true });
  else renameSync(draft, target);
  return bundled;
}
