import { request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import type { NetworkAddress } from "../../src/api/network-access.ts";

export interface HttpsAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks the API over TLS, trusting the authority that it names and nothing else. */
export async function callHttps(
  { server, certificateAuthority: ca }: NetworkAddress,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  } = {},
): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body } = options;
    const sent = request(
      `${server}${path}`,
      { method, headers, ca, agent: false, servername: "localhost" },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.once("end", () =>
          resolve({ code: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.once("error", reject);
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
}
