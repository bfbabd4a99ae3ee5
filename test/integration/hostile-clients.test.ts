import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { NetworkAddress } from "../../src/api/network-access.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import { callHttps } from "../support/https-caller.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const objects = `${group}/namespaces/alice/containers`;
const each = 60;

/** What a client sends before it says no more. */
const beginnings = [
  "",
  "GET /ver",
  "GET /version HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
  `POST ${objects} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"kind"`,
  `POST ${objects} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"kin`,
];

it("leaves clients that never finish, answers others meanwhile, and takes in what is declared", async () => {
  const secrets = await doorSecrets(temporaryDirectory(), systemClock);
  const bed = await startApiBed({ clock: systemClock, patienceMs: 2000, https: { port: 0, secrets } });
  const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
  const port = Number(new URL(address.server).port);
  bed.actAs("alice");
  const open: Socket[] = [];
  let left = 0;
  const begin = (socket: Socket, text: string): void => {
    open.push(socket.on("error", () => undefined).once("close", () => (left += 1)));
    socket.resume();
    socket.write(text);
  };
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
  });
  const ca = address.certificateAuthority;
  for (let index = 0; index < each; index += 1) {
    const text = beginnings[index % beginnings.length] ?? "";
    begin(connect(bed.socketPath), text);
    begin(connect(port, "127.0.0.1"), "\x16\x03\x01\x02");
    begin(connectTls({ port, host: "127.0.0.1", ca }), text);
  }
  // Others are answered, and what is declared is taken in, as long as these hang.
  let round = 0;
  await waitFor("the server to leave all of them", async () => {
    round += 1;
    const name = `during-${round}`;
    await bed.control.drop(`users/alice/${name}.yaml`, containerText(name));
    expect(await bed.call("GET", `${objects}/${name}`)).toMatchObject({ code: 200 });
    expect(await callHttps(address, "/version")).toMatchObject({ code: 200 });
    return left === open.length;
  });
  expect(round).toBeGreaterThan(1);
  expect(bed.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

it("takes no more of a body than is allowed, however it comes", async () => {
  const bed = await startApiBed();
  bed.actAs("alice");
  const socket = connect(bed.socketPath).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  let answer = "";
  let isOver = false;
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  socket.once("close", () => (isOver = true));
  socket.write(
    `POST ${objects} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const send = (): void => {
    if (socket.destroyed || isOver) return;
    if (socket.write(chunk)) setImmediate(send);
    else socket.once("drain", send);
  };
  send();
  await waitFor("the connection to end", () => isOver);
  // Whoever goes on sending may not come to read why.
  if (answer !== "") expect(answer).toContain(" 413 ");
  expect(socket.bytesWritten).toBeLessThan(64 * 1024 * 1024);
  expect(await bed.call("GET", "/livez")).toMatchObject({ code: 200 });
});
