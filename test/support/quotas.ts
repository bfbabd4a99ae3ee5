import { QuotaSpecSpec } from "../../src/api/quota.ts";
import type { z } from "zod";
import type { QuotaRecord } from "../../src/core/record.ts";

/** An admitted QuotaSpec read from `quotas/<name>.yaml`; `lines` says where its fields stand. */
export function admittedQuota(
  name: string,
  spec: z.input<typeof QuotaSpecSpec>,
  lines: Readonly<Record<string, number>> = {},
): QuotaRecord {
  const path = `quotas/${name}.yaml`;
  return {
    kind: "QuotaSpec",
    namespace: "",
    name,
    uid: `uid-${name}`,
    generation: 1,
    resourceVersion: 1,
    createdAt: 0,
    labels: {},
    annotations: {},
    source: {
      source: "specs",
      path,
      contentHash: "",
      positions: Object.fromEntries(
        Object.entries(lines).map(([field, line]) => [field, { line, column: 1 }]),
      ),
    },
    rejection: null,
    deletion: null,
    pruneBlocked: null,
    spec: QuotaSpecSpec.parse(spec),
    status: { observedGeneration: 1, conditions: [], users: [], source: { path } },
  };
}
