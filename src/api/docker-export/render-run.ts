import { shellQuote } from "../../util/shell-quote.ts";
import { commentText } from "./comment-text.ts";
import { exportedImage, type ExportedContainer } from "./exported-container.ts";
import { notExported } from "./not-exported.ts";
import { runArguments, runOptions } from "./run-options.ts";
import type { RunOption } from "./run-options.ts";

/** A container as a shell script of one `docker run`, with comments on what it lacks. */
export function renderRun(container: ExportedContainer): string {
  const { namespace, name, spec } = container;
  const comments = [`${namespace}/${name} of ds01.`, ...notExported(container)];
  const words = [exportedImage(container), ...runArguments(spec)].map((word) => shellQuote(word)).join(" ");
  const lines = ["docker run", ...runOptions(container).map(optionText), words];
  return `${comments.map(commentText).join("")}${lines.join(" \\\n  ")}\n`;
}

function optionText({ flag, value, isShell }: RunOption): string {
  if (value === undefined) return flag;
  return `${flag} ${isShell === true ? `"${value}"` : shellQuote(value)}`;
}
