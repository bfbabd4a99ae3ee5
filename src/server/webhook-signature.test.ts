import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isSigned, knowsSecret } from "./webhook-signature.ts";

const secret = "It's a Secret to Everybody";
const body = Buffer.from("Hello, World!");
/** The example of GitHub's documentation. */
const digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

describe("the sender of a webhook", () => {
  it.each([
    ["GitHub", { "x-hub-signature-256": `sha256=${digest}` }],
    ["Gitea", { "x-gitea-signature": digest }],
    ["Forgejo", { "x-forgejo-signature": digest }],
    ["GitLab", { "x-gitlab-token": secret }],
    [
      "Gitea, with both of its headers",
      { "x-gitea-signature": digest, "x-hub-signature-256": `sha256=${digest}` },
    ],
  ])("is known as %s sends it", (_forge, headers) => {
    expect(isSigned(headers)).toBe(true);
    expect(knowsSecret(headers, body, secret)).toBe(true);
    expect(knowsSecret(headers, Buffer.from("Hello, World?"), secret)).toBe("x-gitlab-token" in headers);
    expect(knowsSecret(headers, body, `${secret}!`)).toBe(false);
  });

  it.each([
    ["nothing", {}],
    ["an empty signature", { "x-hub-signature-256": "" }],
    ["no digest", { "x-hub-signature-256": "sha256=" }],
    ["another algorithm", { "x-hub-signature-256": `sha1=${digest}` }],
    ["a part of the digest", { "x-hub-signature-256": `sha256=${digest.slice(0, 10)}` }],
    ["the secret in the place of the digest", { "x-hub-signature-256": secret }],
    ["the digest in the place of the secret", { "x-gitlab-token": digest }],
    ["the older header", { "x-hub-signature": `sha256=${digest}` }],
  ])("is not known by %s", (_what, headers) => {
    expect(knowsSecret(headers, body, secret)).toBe(false);
  });
});

test("only the secret makes a signature that counts, whatever the body is", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ minLength: 1 }), fc.string(), (bytes, key, other) => {
      const signature = createHmac("sha256", other).update(bytes).digest("hex");
      const headers = { "x-hub-signature-256": `sha256=${signature}` };
      return knowsSecret(headers, Buffer.from(bytes), key) === (key === other);
    }),
  );
});
