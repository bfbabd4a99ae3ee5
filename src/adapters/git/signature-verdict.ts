/** By what a commit or tag, as Git stores it, is signed; undefined: by nothing. */
export function signatureKind(text: string, type: string): "gpg" | "ssh" | "x509" | undefined {
  const end = text.indexOf("\n\n");
  // Of a commit it is a header, of a tag it follows the text: elsewhere, people may write what they like.
  const place = type === "tag" ? text.slice(end) : text.slice(0, end);
  const start = type === "tag" ? "^" : "^gpgsig(?:-sha256)? ";
  const [, word] =
    new RegExp(`${start}-----BEGIN (PGP|SSH|SIGNED) (?:SIGNATURE|MESSAGE)-----`, "m").exec(place) ?? [];
  if (word === undefined) return undefined;
  return word === "PGP" ? "gpg" : word === "SSH" ? "ssh" : "x509";
}

/** Who signed, from what `git verify-commit --raw` prints; the exit code says whether that is good. */
export function signerIn(output: string): string | undefined {
  const gpg = /^\[GNUPG:\] GOODSIG \S+ (.+)$/m.exec(output)?.[1];
  return gpg ?? /^Good "git" signature for (.+) with \S+ key \S+$/m.exec(output)?.[1];
}

/** What speaks against a signature, by the first line that says so. */
const objectionLines: readonly (readonly [pattern: RegExp, meaning: (found: string) => string])[] = [
  [/^\[GNUPG:\] BADSIG \S+ (.+)$/m, (who) => `what ${who} signed was changed since`],
  [/^\[GNUPG:\] REVKEYSIG \S+ (.+)$/m, (who) => `the key of ${who} is revoked`],
  [/^\[GNUPG:\] EXPKEYSIG \S+ (.+)$/m, (who) => `the key of ${who} has expired`],
  [/^\[GNUPG:\] EXPSIG \S+ (.+)$/m, (who) => `the signature of ${who} has expired`],
  [/^\[GNUPG:\] NO_PUBKEY (\S+)$/m, (key) => `nobody of the signers has the key ${key}`],
  [/^(No principal matched\.)$/m, () => "nobody of the signers has this key"],
];

/** Why a signature, or a file of keys, is not good, for people. */
export function objections(output: string): string {
  const fingerprint = /^Good "git" signature with \S+ key (\S+)$/m.exec(output)?.[1];
  for (const [pattern, meaning] of objectionLines) {
    const found = pattern.exec(output)?.[1];
    if (found !== undefined)
      return `${meaning(found)}${fingerprint === undefined ? "" : ` (${fingerprint})`}`;
  }
  const lines = output.split("\n").map((line) => line.trim());
  return (
    lines.find((line) => line !== "" && !line.startsWith("[GNUPG:]"))?.slice(0, 300) ?? "nothing was said"
  );
}
