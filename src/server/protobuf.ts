import { StatusError } from "./failure.ts";

/** What a message's fields are, by number: a text, yes or no, several texts, or a message of its own. */
export interface MessageShape {
  readonly [field: number]: readonly [name: string, type: "text" | "flag" | "texts" | MessageShape];
}

/** How Kubernetes begins a body in protobuf: `k8s\0`, then a runtime.Unknown. */
const magic = Buffer.from("k8s\0");
const typeMeta: MessageShape = { 1: ["apiVersion", "text"], 2: ["kind", "text"] };

/**
 * The object in a body that kubectl and Kubernetes' Go clients send for kinds of Kubernetes' own; `shapeOf` says what
 * the fields of a kind are. Fields that it does not name are skipped; BadRequest for what is no such body.
 */
export function readProtobuf(
  body: Buffer,
  shapeOf: (kind: string) => MessageShape | undefined,
): Readonly<Record<string, unknown>> {
  if (!body.subarray(0, magic.length).equals(magic)) throw unreadable("it does not begin with k8s");
  const unknown = fieldsOf(body.subarray(magic.length));
  const meta = readMessage(bytesOf(unknown, 1), typeMeta);
  const kind = typeof meta["kind"] === "string" ? meta["kind"] : "";
  const shape = shapeOf(kind);
  if (shape === undefined) throw unreadable(`"${kind}" is not known in this form; send JSON`);
  return { ...meta, ...readMessage(bytesOf(unknown, 2), shape) };
}

interface Field {
  readonly number: number;
  readonly value: Buffer | number;
}

function readMessage(bytes: Buffer, shape: MessageShape): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const { number, value } of fieldsOf(bytes)) {
    const [name, type] = shape[number] ?? [];
    if (name === undefined || type === undefined) continue;
    if (type === "flag") message[name] = value !== 0;
    else if (typeof value === "number") throw unreadable(`${name} is a number`);
    else if (type === "text") message[name] = value.toString("utf8");
    else if (type === "texts") message[name] = [...textsIn(message[name]), value.toString("utf8")];
    else message[name] = readMessage(value, type);
  }
  return message;
}

function textsIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function bytesOf(fields: readonly Field[], number: number): Buffer {
  const value = fields.findLast((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

/** The fields of a message in the wire format: a tag, and what its last three bits say. */
function fieldsOf(bytes: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    // Of ten bytes at most; what is larger than a double holds is of no use here.
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw unreadable("it ends too early");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw unreadable("a number is too long");
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw unreadable("it ends too early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = number();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ number: field, value: number() });
        break;
      case 1:
        take(8);
        break;
      case 2:
        fields.push({ number: field, value: take(number()) });
        break;
      case 5:
        take(4);
        break;
      default:
        throw unreadable("a field has a type that does not exist");
    }
  }
  return fields;
}

function unreadable(why: string): StatusError {
  return new StatusError("BadRequest", `the body cannot be read as Kubernetes' protobuf: ${why}`);
}
