import type { Exchange } from "./exchange.ts";
import { StatusError } from "./failure.ts";

const lengthMax = 128;

/** Who writes, as `metadata.managedFields` calls them: `fieldManager` of the query, else the program that asks. */
export function managerOf({ query, request }: Exchange): string {
  const given = query.get("fieldManager") ?? "";
  if (given === "") return programOf(request.headers["user-agent"]);
  if (Buffer.byteLength(given) > lengthMax) {
    throw invalidOption(
      "fieldManager",
      "FieldValueTooLong",
      `Too long: may not be more than ${lengthMax} bytes`,
    );
  }
  if (!/^\P{C}*$/u.test(given)) {
    const message = `Invalid value: ${JSON.stringify(given)}: should only contain printable characters`;
    throw invalidOption("fieldManager", "FieldValueInvalid", message);
  }
  return given;
}

/** The same for an apply, which needs a name that stays. */
export function applierOf(exchange: Exchange): string {
  if ((exchange.query.get("fieldManager") ?? "") === "") {
    const message = "Required value: is required for apply patch";
    throw invalidOption("fieldManager", "FieldValueRequired", message);
  }
  return managerOf(exchange);
}

/** Throws Invalid where a patch that takes nothing from anybody wants to force it. */
export function refuseForce({ query }: Exchange): void {
  if ((query.get("force") ?? "") === "") return;
  const message = "Forbidden: may not be specified for non-apply patch";
  throw invalidOption("force", "FieldValueForbidden", message);
}

function programOf(userAgent = ""): string {
  const name =
    userAgent
      .split("/")[0]
      ?.replaceAll(/\P{ASCII}/gu, "")
      .trim()
      .slice(0, lengthMax) ?? "";
  return name === "" ? "unknown" : name;
}

function invalidOption(field: string, reason: string, message: string): StatusError {
  return new StatusError("Invalid", `PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: "meta.k8s.io",
    kind: "PatchOptions",
    causes: [{ reason, message, field }],
  });
}
