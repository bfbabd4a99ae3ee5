// Preloaded into a program under test (`node --import`, with DS01_FAIL_POINTS naming a directory): counts what the
// program does to the world outside, and kills it at one of these effects. The program itself knows nothing of it.
//
//   DIRECTORY/order    {"kind": "POST /containers/NAME/start", "nth": 1, "moment": "after"}: the first of these since
//                      this file has come. Without it nothing is counted; without a kind it ends nothing.
//   DIRECTORY/effects  what was counted, a line each, before it takes place: the kind, a tab, the thing itself
//
// Moments: "before"; "during", once a request or a program is under way, which then goes on by itself; "after", when
// it is done and the program has not heard of that yet.
import childProcess from "node:child_process";
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const directory = process.env["DS01_FAIL_POINTS"];
// What it starts is not counted.
delete process.env["DS01_FAIL_POINTS"];
delete process.env["NODE_OPTIONS"];
if (directory !== undefined) await install(directory);

/** @param {string} place */
async function install(place) {
  const orderPath = join(place, "order");
  const effectsPath = join(place, "effects");
  const { readFileSync, readlinkSync, appendFileSync, existsSync, lstatSync } = fs;
  // Opened before anything is replaced.
  const handle = await fsPromises.open(effectsPath, "a");
  const fileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const counts = new Map();
  let given;
  // What functions of Node and our own bookkeeping do within an effect is no effect of its own.
  let nested = false;

  const inside = (work) => {
    if (nested) return work();
    nested = true;
    try {
      return work();
    } finally {
      nested = false;
    }
  };

  /** Counts an effect that is about to take place; the moment after that at which the program is to end in it. */
  const reach = (detail) => {
    const text = inside(() => (existsSync(orderPath) ? readFileSync(orderPath, "utf8") : undefined));
    if (text !== given) counts.clear();
    given = text;
    if (text === undefined) return undefined;
    const order = JSON.parse(text);
    const kind = kindOf(detail);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    inside(() => appendFileSync(effectsPath, `${kind}\t${detail}\n`));
    if (kind !== order.kind || count !== order.nth) return undefined;
    if (order.moment === "before") end();
    return order.moment;
  };

  /** Replaces a function of Node by one that counts the calls for which `describe` has words. */
  const count = (owner, name, describe) => {
    const original = owner[name];
    owner[name] = function counted(...values) {
      if (nested) return Reflect.apply(original, this, values);
      const detail = describe.call(this, ...values);
      const ends = detail !== undefined && reach(detail) !== undefined;
      const result = inside(() => Reflect.apply(original, this, values));
      if (!ends) return result;
      if (!(result instanceof Promise)) end();
      return result.finally(end);
    };
  };

  const openFile = (descriptor) => {
    const path = readlinkSync(`/proc/self/fd/${descriptor}`);
    // Pipes, sockets and the program's own output are not what it leaves behind.
    if (descriptor <= 2 || !path.startsWith("/") || path.startsWith("/dev/")) return undefined;
    return `${/\.(?:log|jsonl)$/.test(path) ? "append" : "write"} ${path}`;
  };
  const writes = (file) => (typeof file === "number" ? openFile(file) : `write ${file}`);
  const removes = (path) => (lstatSync(path, { throwIfNoEntry: false }) ? `rm ${path}` : undefined);
  const makes = (path) => (existsSync(path) ? undefined : `mkdir ${path}`);
  const namesAs = (word) => (_from, to) => `${word} ${to}`;
  for (const [name, describe] of Object.entries({
    mkdir: makes,
    rm: removes,
    unlink: removes,
    rename: namesAs("rename"),
    symlink: namesAs("symlink"),
    link: namesAs("link"),
    writeFile: writes,
    chmod: (path) => `chmod ${path}`,
  })) {
    count(fsPromises, name, describe);
    count(fs, `${name}Sync`, describe);
  }
  count(fs, "writeSync", writes);
  for (const name of ["write", "writeFile", "appendFile"])
    count(fileHandle, name, function describe() {
      return openFile(this.fd);
    });

  const request = http.request;
  http.request = (...values) => {
    const options =
      values.find((one) => typeof one === "object" && one !== null && !(one instanceof URL)) ?? {};
    const { method = "GET", path = "" } = options;
    const moment = ["GET", "HEAD"].includes(method) ? undefined : reach(`${method} ${path}`);
    const outgoing = request(...values);
    // All of it has been handed to the kernel: the engine hears of it, and nobody hears the answer.
    if (moment === "during") outgoing.once("finish", end);
    if (moment === "after") outgoing.prependOnceListener("response", end);
    return outgoing;
  };

  const spawn = childProcess.spawn;
  childProcess.spawn = (program, ...rest) => {
    const words = Array.isArray(rest[0]) ? rest[0] : [];
    // The others only answer questions.
    const moment = program === "git" ? reach(`${program} ${words.join(" ")}`) : undefined;
    const child = spawn(program, ...rest);
    if (moment === "during") child.once("spawn", end);
    if (moment === "after") child.prependOnceListener("exit", end);
    return child;
  };
  syncBuiltinESMExports();
}

/** The effect without the names, ids and numbers that differ from run to run. */
function kindOf(detail) {
  if (detail.startsWith("git ")) return `git ${detail.replace(/^git (?:-c \S+ )*/, "").split(" ")[0]}`;
  if (/^(?:POST|PUT|DELETE|PATCH) /.test(detail)) {
    // The one that stands beside the running one until it takes its name.
    const beside = /name=[^&]*\.ds01-2(?:&|$)/.test(detail) ? " beside" : "";
    const path = detail.replace(/\?.*/, "").replace(/\/v\d+\.\d+\//, "/");
    return path.replace(/(?<=\/(?:containers|networks|volumes)\/)(?!create|prune)[^/]+/, "NAME") + beside;
  }
  return detail
    .replace(/ \/proc\/self\/fd\/\d+\//, " specs/")
    .replace(/ \/.*?\/(?=(?:state|run|log|specs)\/)/, " ")
    .replace(/\/\.([^/]+?)\.\d+\.\d+\.tmp/, "/$1.tmp")
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{40}/g, "ID")
    .replace(/(?<=objects\/\w+\/)[^/]+\/[^/]+?(?=\.json)/, "USER/NAME")
    .replace(/(?<=objects\/\w+\/)[^/]+$/, "USER")
    .replace(/(?<=container-metadata\/)[^/]+?(?=\.json)/, "NAME")
    .replace(/(?<=specs\/)[^/]+(?=\.yaml)/, "NAME")
    .replace(/(?<=instance\/)\d+/, "N");
}

function end() {
  process.kill(process.pid, "SIGKILL");
}
