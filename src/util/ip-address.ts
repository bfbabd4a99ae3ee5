/**
 * One spelling for all spellings of an IP address: an IPv4 address as such also where it is written as an IPv6 one
 * (`::ffff:10.0.0.1`), any other IPv6 address as eight groups. Undefined for what is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  const plain = ipv4Bytes(text);
  if (plain !== undefined) return plain.join(".");
  const groups = ipv6Groups(text.toLowerCase());
  if (groups === undefined) return undefined;
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!mapped) return groups.map((group) => group.toString(16)).join(":");
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".");
}

/** Whether an address, in its canonical spelling, leads only to the host itself. */
export function isLoopback(canonical: string): boolean {
  return canonical.startsWith("127.") || canonical === "0:0:0:0:0:0:0:1";
}

function ipv4Bytes(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined;
  return parts.map(Number);
}

function ipv6Groups(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map(groupsOf);
  if ([...head, ...tail].some(Number.isNaN)) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** NaN for each that is none. */
function groupsOf(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part, index, all) => {
    const bytes = index === all.length - 1 ? ipv4Bytes(part) : undefined;
    if (bytes !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      return [a * 256 + b, c * 256 + d];
    }
    return /^[0-9a-f]{1,4}$/.test(part) ? [Number.parseInt(part, 16)] : [Number.NaN];
  });
}
