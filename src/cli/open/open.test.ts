import { describe, expect, it } from "vitest";
import { jupyterIn, publishedAt } from "./jupyter.ts";
import { vscodeFolder } from "./vscode.ts";

const log = `
[I ServerApp] Jupyter Server is running at:
[I ServerApp] http://notebook:8888/lab?token=0ld
    To access the server, open this file in a browser:
        file:///home/jovyan/.local/share/jupyter/runtime/jpserver-7-open.html
        http://127.0.0.1:8889/base/lab?token=abc-DEF_1
[I ServerApp] something else
`;

describe("a Jupyter server", () => {
  it("is where its log said last", () => {
    expect(jupyterIn(log)).toEqual({ port: 8889, path: "/base/lab?token=abc-DEF_1" });
    expect(jupyterIn("http://127.0.0.1:8888/lab\n")).toBeNull();
    // What a log says ends up in a shell.
    expect(jupyterIn("http://h:1/$(x)?token=y;z")).toBeNull();
  });

  it("is reached where its port is published", () => {
    const port = { containerPort: 8888, hostIP: "127.0.0.1", protocol: "TCP" } as const;
    const at = (ports: Parameters<typeof publishedAt>[0]["ports"], network = "bridge"): string | null =>
      publishedAt({ network, ports }, 8888);
    expect(at([{ ...port, hostPort: 18888 }])).toBe("127.0.0.1:18888");
    expect(at([{ ...port, hostPort: 18888, hostIP: "0.0.0.0" }])).toBe("127.0.0.1:18888");
    expect(at([port])).toBeNull();
    expect(at(undefined)).toBeNull();
    expect(at(undefined, "host")).toBe("127.0.0.1:8888");
  });
});

describe("VS Code", () => {
  it("gets a container by its name in hexadecimal digits", () => {
    const folder = vscodeFolder("dev._.alice", "gpu1", "/work space");
    expect(folder).toMatch(
      /^vscode-remote:\/\/attached-container\+[0-9a-f]+@ssh-remote\+gpu1\/work%20space$/,
    );
    const [, hex = ""] = /\+([0-9a-f]+)@/.exec(folder) ?? [];
    expect(Buffer.from(hex, "hex").toString()).toBe('{"containerName":"/dev._.alice"}');
  });
});
