import { garbled } from "./nvidia-smi-error.ts";

/** An element of nvidia-smi's XML. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Its own text, trimmed and without entities. */
  readonly text: string;
}

const entities = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

const lastCharacter = 0x10_ff_ff;

/** The deepest element of real ones is the seventh. */
const deepest = 64;

/** Reads the subset of XML that nvidia-smi writes (attributes are skipped); throws when it is not whole. */
export function parseXml(text: string): XmlElement {
  const root: OpenElement = { name: "", children: [], text: "" };
  const open: OpenElement[] = [root];
  // No part of it can be read in two ways, or text that breaks off would be read again from each of its characters.
  if (text.lastIndexOf("<!--") > text.lastIndexOf("-->")) throw garbled("-q -x", "XML that breaks off");
  const tokens = /<!--[^]*?-->|<[?!][^<>]*>|<(\/?)([A-Za-z_][\w.:-]*)(?=[\s/>])([^<>]*)>|([^<]+)/g;
  for (const [, closing, name = "", rest = "", content] of text.matchAll(tokens)) {
    const current = open.at(-1) ?? root;
    if (content !== undefined) current.text += content;
    else if (closing === "/") close(open, name);
    else if (name !== "") {
      const element: OpenElement = { name, children: [], text: "" };
      current.children.push(element);
      if (!rest.endsWith("/")) open.push(element);
    }
    if (open.length > deepest) throw garbled("-q -x", `more than ${deepest} elements within one another`);
  }
  const [top] = root.children;
  if (top === undefined || open.length > 1) throw garbled("-q -x", "XML that breaks off");
  return finished(top);
}

function close(open: OpenElement[], name: string): void {
  const current = open.at(-1)?.name ?? "";
  if (open.length < 2 || current !== name) throw garbled("-q -x", `</${name}> inside <${current}>`);
  open.pop();
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
  // No character has more digits, and no entity a longer name.
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/gi, (whole, decimal, hex, name) => {
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    if (name === undefined) return code <= lastCharacter ? String.fromCodePoint(code) : whole;
    return entities.get(name) ?? whole;
  });
}
