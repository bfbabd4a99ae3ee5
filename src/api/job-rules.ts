/** What a spec with fields of a job looks like before its single fields are known to be right. */
interface LooseJob {
  readonly restartPolicy?: unknown;
  readonly backoffLimit?: unknown;
  readonly replicas?: unknown;
  readonly parallelism?: unknown;
  readonly ports?: unknown;
}

/** Rules over the fields of a job: each the field and what is wrong with it. */
export function jobConflicts(
  spec: LooseJob,
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  const found: { path: readonly (string | number)[]; message: string }[] = [];
  if (spec.backoffLimit !== undefined && (spec.restartPolicy ?? "Always") === "Always") {
    found.push({
      path: ["restartPolicy"],
      message:
        "beside backoffLimit it is OnFailure (the same container again) or Never (a new one for each try): Always starts it again whatever happens",
    });
  }
  if (spec.parallelism !== undefined && spec.replicas === undefined) {
    found.push({
      path: ["replicas"],
      message: "beside parallelism it says how many containers there are in all",
    });
  }
  if (typeof spec.replicas === "number" && spec.replicas > 1) {
    for (const [index, port] of listOf(spec.ports).entries()) {
      if (typeof port !== "object" || port === null || !("hostPort" in port)) continue;
      const message =
        "cannot be the same for several replicas; leave it out, and Docker chooses one for each";
      found.push({ path: ["ports", index, "hostPort"], message });
    }
  }
  return found;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
