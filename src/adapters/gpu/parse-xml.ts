import { garbled } from "./nvidia-smi-error.ts";

/** An element of nvidia-smi's XML. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Its own text, trimmed and without entities. */
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Reads the subset of XML that nvidia-smi writes (attributes are skipped); throws when it is not whole. */
export function parseXml(text: string): XmlElement {
  const root: OpenElement = { name: "", children: [], text: "" };
  const open: OpenElement[] = [root];
  const tokens = /<!--[\s\S]*?-->|<[?!][^>]*>|<(\/?)([A-Za-z_][\w.:-]*)[^>]*?(\/?)>|([^<]+)/g;
  for (const [, closing, name = "", empty, content] of text.matchAll(tokens)) {
    const current = open.at(-1) ?? root;
    if (content !== undefined) current.text += content;
    else if (closing === "/") {
      if (open.length < 2 || current.name !== name)
        throw garbled("-q -x", `</${name}> inside <${current.name}>`);
      open.pop();
    } else if (name !== "") {
      const element: OpenElement = { name, children: [], text: "" };
      current.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  const [top] = root.children;
  if (top === undefined || open.length > 1) throw garbled("-q -x", "XML that breaks off");
  return finished(top);
}

/** The first child of that name, followed down a path. */
export function childAt(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

interface OpenElement {
  readonly name: string;
  readonly children: OpenElement[];
  text: string;
}

function finished(element: OpenElement): XmlElement {
  return { name: element.name, children: element.children.map(finished), text: decode(element.text.trim()) };
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return entities[name] ?? whole;
  });
}
