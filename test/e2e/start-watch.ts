import type Docker from "dockerode";

interface EngineEvent {
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

/** How often containers of each object were started since a moment, by the engine's own events. */
export async function startsSince(docker: Docker, sinceMs: number): Promise<ReadonlyMap<string, number>> {
  const stream = await docker.getEvents({
    since: sinceMs / 1000,
    until: Date.now() / 1000,
    filters: { type: ["container"], event: ["start"], label: ["ds01.managed=true"] },
  });
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  const starts = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const { Attributes } = (JSON.parse(line) as EngineEvent).Actor;
    const key = `${Attributes["ds01.user"]}/${Attributes["ds01.name"]}`;
    starts.set(key, (starts.get(key) ?? 0) + 1);
  }
  return starts;
}
