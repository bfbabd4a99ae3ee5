import type { RegistryLogin } from "../../ports/registry-credentials.ts";

/** The header with which the engine is given the login for one registry. */
export function loginHeader(login: RegistryLogin): Readonly<Record<string, string>> {
  return { "X-Registry-Auth": encoded(authOf(login)) };
}

/** The header with the logins for the base images of a build. */
export function loginsHeader(logins: readonly RegistryLogin[]): Readonly<Record<string, string>> {
  return {
    "X-Registry-Config": encoded(Object.fromEntries(logins.map((login) => [login.server, authOf(login)]))),
  };
}

function authOf({ server, username, password, identityToken }: RegistryLogin): object {
  return { username, password, identitytoken: identityToken, serveraddress: server };
}

function encoded(value: object): string {
  // The engine takes the alphabet for URLs, but only with the padding that Node leaves out there.
  const text = Buffer.from(JSON.stringify(value)).toString("base64");
  return text.replaceAll("+", "-").replaceAll("/", "_");
}
