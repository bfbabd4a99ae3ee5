import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** The JSON values of a stream that carries one a line; throws what the stream throws, or SyntaxError. */
export async function* jsonLines(stream: Readable): AsyncGenerator<unknown, void, void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
  }
  if (rest.trim() !== "") yield JSON.parse(rest);
}
