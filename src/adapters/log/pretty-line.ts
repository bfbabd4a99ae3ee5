const levels: Readonly<Record<string, string>> = {
  debug: "debug",
  info: "info ",
  warn: "WARN ",
  error: "ERROR",
};
const notFields = new Set(["level", "time", "msg", "err"]);

/** One JSON log line as people read it: `08:15:02.113 info  message  key=value`, an error's stack below. */
export function prettyLine(line: string): string {
  const parsed = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const { level, time, msg, err } = parsed as {
    level?: string;
    time?: string;
    msg?: string;
    err?: { stack?: string; message?: string };
  };
  const fields = Object.entries(parsed)
    .filter(([key]) => !notFields.has(key))
    .map(
      ([key, value]) =>
        `${key}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
    );
  const head = `${time?.slice(11, 23) ?? ""} ${levels[level ?? ""] ?? level} ${msg ?? ""}`;
  const stack =
    err === undefined ? "" : `\n    ${printable(err.stack ?? err.message ?? "").replaceAll("\n", "\n    ")}`;
  return `${printable([head, ...fields].join("  ")).replaceAll("\n", "\\n")}${stack}\n`;
}

/** Without characters that steer a terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, (character) =>
    JSON.stringify(character)
      .slice(1, -1)
      .replace(/^[\u007f-\u009f]$/, "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0")),
  );
}
