/** The few values of ASN.1's distinguished encoding (ITU-T X.690) that a certificate is made of. */

/** One value: its tag, its length, its content. */
function value(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = bigEndian(length);
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}

function bigEndian(number: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

export const sequence = (...members: readonly Buffer[]): Buffer => value(0x30, ...members);
export const set = (...members: readonly Buffer[]): Buffer => value(0x31, ...members);
export const octets = (content: Buffer): Buffer => value(0x04, content);
export const text = (content: string): Buffer => value(0x0c, Buffer.from(content));
export const yes = value(0x01, Buffer.of(0xff));

/** Bits, of which the last `unused` of the last byte do not count. */
export function bits(content: Buffer, unused = 0): Buffer {
  return value(0x03, Buffer.of(unused), content);
}

/** A number of at least zero. */
export function integer(content: Buffer): Buffer {
  // A first bit that is set would mean a negative number.
  return value(0x02, (content[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), content]) : content);
}

/** What is tagged by its place: `constructed` holds values, else plain bytes. */
export function tagged(place: number, constructed: boolean, content: Buffer): Buffer {
  return value((constructed ? 0xa0 : 0x80) + place, content);
}

/** An object identifier such as `2.5.4.3`. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return value(0x06, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

function base128(number: number): readonly number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(128 + (rest % 128));
  }
  return bytes;
}

/** A time in whole seconds; RFC 5280 wants the short form before 2050. */
export function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds)
    .toISOString()
    .replace(/\.\d{3}/, "")
    .replaceAll(/[-:T]/g, "");
  return milliseconds < Date.UTC(2050, 0)
    ? value(0x17, Buffer.from(digits.slice(2)))
    : value(0x18, Buffer.from(digits));
}
