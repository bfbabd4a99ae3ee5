import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A proxy for https that leads every name to one port of this machine, and remembers what it was asked for. */
export class ConnectProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly asked: string[] = [];

  constructor(port: number) {
    this.#server = createServer((_request, response) => response.writeHead(501).end());
    this.#server.on("connect", (request, client: Socket, head: Buffer) => {
      this.asked.push(request.url ?? "");
      const target = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        target.write(head);
        client.pipe(target).pipe(client);
      });
      for (const socket of [client, target]) {
        this.#sockets.add(socket);
        // Whichever side leaves, the other one is not needed either.
        socket.on("error", () => undefined);
        socket.on("close", () => {
          client.destroy();
          target.destroy();
        });
      }
    });
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
