import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { LocalProcesses } from "../support/local-processes.ts";

const pod = "/api/v1/namespaces/alice/pods/train";
const watch = "/apis/ds01.io/v1alpha1/containers?watch=true";

it.each([
  ["HEAD", `${pod}/exec?command=true`, "v4.channel.k8s.io"],
  ["POST", `${pod}/exec?command=true`, "v4.channel.k8s.io"],
  ["POST", `${pod}/attach`, "v4.channel.k8s.io"],
  ["POST", `${pod}/portforward?ports=80`, "v4.channel.k8s.io"],
  ["POST", `${pod}/portforward`, "SPDY/3.1+portforward.k8s.io"],
  ["HEAD", watch, "v4.channel.k8s.io"],
])("a WebSocket that begins with %s at %s is refused with a Status", async (method, path, protocol) => {
  const bed = await startApiBed({ containers: new LocalProcesses() });
  await bed.control.drop("users/alice/train.yaml", containerText("train"));
  bed.control.setPhase("alice", "train", "Running");
  const socket = connect(bed.socketPath);
  onTestFinished(() => void socket.destroy());
  const headers = [
    "host: localhost",
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    `sec-websocket-protocol: ${protocol}`,
  ];
  socket.write(`${method} ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 405 /);
  expect(head).toContain("content-type: application/json");
  // What is asked for with HEAD has no body, which would be taken for the next answer.
  if (method === "HEAD") expect(body).toBe("");
  else expect(JSON.parse(body)).toMatchObject({ kind: "Status", reason: "MethodNotAllowed", code: 405 });
});

it("a client that is refused an upgrade and never leaves is left", async () => {
  const bed = await startApiBed();
  const socket = connect({ path: bed.socketPath, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let isCut = false;
  socket.resume().on("error", () => (isCut = true));
  socket.write(
    "GET /version HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
  );
  await once(socket, "end");
  await waitFor("the end of the other direction", () => {
    socket.write("more");
    return isCut;
  });
});
