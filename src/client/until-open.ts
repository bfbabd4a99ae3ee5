import type { WebSocket } from "ws";
import { unreachable, type Connection } from "./connection.ts";
import { errorOfAnswer } from "./status.ts";

/** Waits until a WebSocket is open; throws the typed error of a refused upgrade, or of a server that is not there. */
export async function untilOpen(socket: WebSocket, connection: Connection): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (_, response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.once("close", () => reject(errorOfAnswer(response.statusCode ?? 0, body)));
    });
    socket.on("error", (error) => reject(unreachable(connection, error)));
  });
}
