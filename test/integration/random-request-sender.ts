import { request } from "node:http";
import { json } from "node:stream/consumers";
import { createSecureContext } from "node:tls";
import fc from "fast-check";
import type { IssuedCredential, NetworkAddress } from "../../src/api/network-access.ts";
import { malformedRequests, sendMalformed } from "../support/malformed-requests.ts";
import { randomRequests, RequestSender } from "../support/random-requests.ts";

/**
 * Sends COUNT random requests to the doors of a server and prints how many were answered, as JSON; ends with 1 where
 * one of them was a fault. Arguments: SOCKET ADDRESS COUNT. A program of its own, so that the loop of the server's
 * process does nothing but serve.
 */
const [socketPath = "", addressText = "{}", count = "0"] = process.argv.slice(2);
const address = JSON.parse(addressText) as NetworkAddress;
const budget = Number(count);
/** Several batches are under way, so that none waits for the slowest request of another. */
const parallel = 4;
const batchSize = 50;
/** A fifth of them are no requests. */
const malformedShare = 0.2;
const tokenForMs = 60_000;
/** Of a request that went wrong, in characters. */
const shownLength = 1000;

async function issueToken(): Promise<string> {
  const answer = await new Promise<unknown>((resolve, reject) => {
    const path = "/apis/ds01.io/v1alpha1/tokens";
    request({ socketPath, method: "POST", path, agent: false }, (response) => {
      json(response).then(resolve, reject);
    })
      .once("error", reject)
      .end();
  });
  return (answer as IssuedCredential).token;
}

let token = await issueToken();
let issuedAt = performance.now();
const secureContext = createSecureContext({ ca: address.certificateAuthority });
const sender = new RequestSender({ socketPath, address, secureContext, token: () => token });
const raw = { socketPath, port: Number(new URL(address.server).port), secureContext };
const malformedSize = Math.floor(batchSize * malformedShare);
const properSize = batchSize - malformedSize;
let refused = 0;

const batches = fc.tuple(
  fc.array(randomRequests("alice"), { minLength: properSize, maxLength: properSize }),
  fc.array(malformedRequests, { minLength: malformedSize, maxLength: malformedSize }),
);
const property = fc.asyncProperty(batches, async ([proper, malformed]) => {
  if (performance.now() - issuedAt > tokenForMs) {
    issuedAt = performance.now();
    token = await issueToken();
  }
  const [codes, answers] = await Promise.all([
    Promise.all(proper.map(async (one) => sender.send(one))),
    Promise.all(malformed.map(async (one) => sendMalformed(raw, one))),
  ]);
  refused += answers.filter((text) => text.startsWith("HTTP/1.1 4")).length;
  // A fault of ours would be a 500.
  const wrong = [
    ...proper.filter((_, index) => codes[index] === 500),
    ...malformed.filter((_, index) => answers[index]?.startsWith("HTTP/1.1 500")),
  ];
  const shown = wrong.map((one) => JSON.stringify(one).slice(0, shownLength));
  if (wrong.length > 0) throw new Error(`answered with 500: ${shown.join("\n")}`);
});
// What was wrong is said by the error; fewer requests at once need not show it again.
const runs = { numRuns: Math.ceil(budget / batchSize / parallel), endOnFailure: true };
await Promise.all(
  Array.from({ length: parallel }, async () => {
    const { failed, errorInstance, seed, counterexamplePath } = await fc.check(property, runs);
    // All that was sent together would be megabytes.
    if (failed) throw new Error(`seed ${seed}, path ${counterexamplePath}`, { cause: errorInstance });
  }),
);
sender.end();
process.stdout.write(
  `${JSON.stringify({ proper: properSize / batchSize, answers: sender.answers, refused })}\n`,
);
