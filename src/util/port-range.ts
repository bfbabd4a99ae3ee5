/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `8080` or `8000-8999`; undefined for anything else, also for what is no port. */
export function parsePortRange(text: string): PortRange | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  return range.first >= 1 && range.last <= 65_535 && range.first <= range.last ? range : undefined;
}

/** Whether the text is a port or a range of ports. */
export function isPortRange(text: string): boolean {
  return parsePortRange(text) !== undefined;
}
