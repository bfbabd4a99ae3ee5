import type Docker from "dockerode";
import { expect } from "vitest";

/** Containers of others: one that nobody manages, and one of another controller. */
export class Bystanders {
  readonly #docker: Docker;
  readonly #before: readonly string[];

  private constructor(docker: Docker, before: readonly string[]) {
    this.#docker = docker;
    this.#before = before;
  }

  static async start(docker: Docker): Promise<Bystanders> {
    const labels = {
      "ds01.managed": "true",
      "ds01.instance": "another",
      "ds01.user": "zoe",
      "ds01.name": "x",
    };
    for (const [name, Labels] of [
      ["of-nobody", {}],
      ["x._.zoe", { ...labels, "ds01.uid": "uid-of-x", "ds01.gpu.uuids": "" }],
    ] as const) {
      const container = await docker.createContainer({ name, Image: "bed/base:1", Labels });
      await container.start();
    }
    return new Bystanders(docker, await pictures(docker));
  }

  /** They are the same as at the beginning, and nobody has started one of them. */
  async expectUntouched(): Promise<void> {
    expect(await pictures(this.#docker)).toEqual(this.#before);
  }
}

async function pictures(docker: Docker): Promise<readonly string[]> {
  const inspected = ["of-nobody", "x._.zoe"].map(async (name) => {
    const { Id, State, RestartCount } = await docker.getContainer(name).inspect();
    return `${name} ${Id} ${State.StartedAt} ${RestartCount}`;
  });
  return Promise.all(inspected);
}
