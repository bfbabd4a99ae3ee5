import { readFile } from "node:fs/promises";
import { createClientOf } from "../../client/client.ts";
import { messageOf } from "../../util/errors.ts";
import { createContext, type Context } from "../context.ts";
import { UsageError } from "../usage-error.ts";

/** How a controller elsewhere is asked. */
export interface AskedController {
  /** The path of a socket, the same as an address, or `https://HOST:PORT`. */
  readonly against: string;
  readonly tokenFile: string | undefined;
  readonly certificateAuthority: string | undefined;
}

/** What a verb works with, but for the controller: it is the one that was named. UsageError where it cannot be asked so. */
export async function contextAgainst(asked: AskedController, given: Context): Promise<Context> {
  const { against, tokenFile, certificateAuthority } = asked;
  if (!/^https:/i.test(against)) {
    if (tokenFile !== undefined || certificateAuthority !== undefined)
      throw new UsageError("--token-file and --certificate-authority are for --against https://HOST:PORT");
    return createContext(given, socketOf(against));
  }
  const { hostname, port } = addressOf(against);
  return {
    ...given,
    client: createClientOf({
      type: "https",
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port === "" ? 443 : Number(port),
      token: await tokenOf(tokenFile, given),
      certificateAuthority: certificateAuthority === undefined ? undefined : await read(certificateAuthority),
    }),
  };
}

/** A path, or the same as an address. */
function socketOf(against: string): string {
  if (/^(?!unix:)[a-z][a-z0-9+.-]*:/i.test(against))
    throw new UsageError(
      `--against is the path of a controller's socket, or https://HOST:PORT; found "${against}"`,
    );
  return against.replace(/^unix:(?:\/\/)?/, "");
}

function addressOf(against: string): URL {
  const address = URL.canParse(against) ? new URL(against) : undefined;
  const isPlain = address !== undefined && `${address.username}${address.password}${address.search}` === "";
  if (address === undefined || !isPlain || address.pathname !== "/")
    throw new UsageError(`--against https://HOST:PORT takes nothing else: no path, no password`);
  return address;
}

/** From the file, else from the variable: never from the command line, which others can read. */
async function tokenOf(tokenFile: string | undefined, { environment }: Context): Promise<string> {
  const token = (tokenFile === undefined ? (environment["DS01_TOKEN"] ?? "") : await read(tokenFile)).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(
    token === ""
      ? "say who asks: --token-file FILE, or DS01_TOKEN"
      : "the token is not one line of plain characters",
  );
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
}
