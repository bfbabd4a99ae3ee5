import { expect, test } from "vitest";
import { takeAuthorization } from "./websocket-token.ts";

const offer = `base64url.bearer.authorization.k8s.io.${Buffer.from("s3cret").toString("base64url")}`;

test("the token of a WebSocket counts, and is taken out of its protocols", () => {
  const headers = { "sec-websocket-protocol": `${offer}, v4.channel.k8s.io` };
  expect(takeAuthorization(headers)).toBe("Bearer s3cret");
  expect(headers).toEqual({ "sec-websocket-protocol": "v4.channel.k8s.io" });
});

test("a header comes before it, and it is taken out all the same, so that nobody says it back", () => {
  const headers = { authorization: "Bearer other", "sec-websocket-protocol": `${offer}, v4.channel.k8s.io` };
  expect(takeAuthorization(headers)).toBe("Bearer other");
  expect(headers["sec-websocket-protocol"]).toBe("v4.channel.k8s.io");
});

test("a token that stands alone among the protocols counts for nothing, as in Kubernetes, and is taken out", () => {
  const headers = { "sec-websocket-protocol": offer };
  expect(takeAuthorization(headers)).toBeUndefined();
  expect(headers).toEqual({});
});

test("other protocols stay as they are", () => {
  const headers = { "sec-websocket-protocol": "v5.channel.k8s.io,v4.channel.k8s.io" };
  expect(takeAuthorization(headers)).toBeUndefined();
  expect(headers).toEqual({ "sec-websocket-protocol": "v5.channel.k8s.io,v4.channel.k8s.io" });
});
