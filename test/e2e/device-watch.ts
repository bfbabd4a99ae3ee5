import type Docker from "dockerode";

interface EngineEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** Follows the engine's own events and notes every moment at which two processes held one device. */
export class DeviceWatch {
  readonly violations: string[] = [];
  /** Container names by device, in the order in which they took it. */
  readonly taken = new Map<string, string[]>();
  readonly #holders = new Map<string, Set<string>>();
  readonly #stream: NodeJS.ReadableStream;
  #rest = "";

  private constructor(stream: NodeJS.ReadableStream) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#onData(chunk.toString("utf8")));
    stream.on("error", (error) => this.violations.push(`the watch broke: ${error.message}`));
  }

  static async open(docker: Docker): Promise<DeviceWatch> {
    const filters = JSON.stringify({
      type: ["container"],
      event: ["start", "die"],
      label: ["ds01.managed=true"],
    });
    return new DeviceWatch(await docker.getEvents({ filters }));
  }

  close(): void {
    (this.#stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
  }

  #onData(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.#onEvent(JSON.parse(line) as EngineEvent);
  }

  #onEvent({ Action, Actor }: EngineEvent): void {
    const name = Actor.Attributes["name"] ?? Actor.ID;
    for (const uuid of (Actor.Attributes["ds01.gpu.uuids"] ?? "").split(",").filter(Boolean)) {
      const holders = this.#holders.get(uuid) ?? new Set();
      this.#holders.set(uuid, holders);
      if (Action === "die") {
        holders.delete(Actor.ID);
        continue;
      }
      if (holders.size > 0) this.violations.push(`${name} started on ${uuid} while another process held it`);
      holders.add(Actor.ID);
      this.taken.set(uuid, [...(this.taken.get(uuid) ?? []), name]);
    }
  }
}
