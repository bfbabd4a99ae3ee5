const byteFactor: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** Bytes as Kubernetes writes them: `512Mi`, `32Gi`, `16G`, `1048576`. */
export const byteQuantityPattern = /^\d+(?:\.\d+)?(?:k|K|M|G|T|Ki|Mi|Gi|Ti)?$/;

/** Whole bytes of a quantity such as `32Gi`, or undefined when it is not one. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(k|K|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (byteFactor[match[2] ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined;
}

/** Bytes in the largest binary unit that keeps them short: `34359738368` is `32Gi`. */
export function formatBytes(bytes: number): string {
  for (const unit of ["Ti", "Gi", "Mi", "Ki"] as const) {
    const factor = byteFactor[unit] ?? 1;
    if (bytes >= factor) {
      const amount = bytes / factor;
      return `${Number.isInteger(amount) ? amount : amount.toFixed(1)}${unit}`;
    }
  }
  return `${bytes}`;
}

/** CPUs as Kubernetes writes them: `8`, `0.5`, `500m`. */
export const cpuQuantityPattern = /^\d+(?:\.\d+)?m?$/;

/** CPUs of a quantity such as `500m` or `2`, or undefined when it is not one. */
export function parseCpus(value: string | number): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (!cpuQuantityPattern.test(value)) return undefined;
  const cpus = value.endsWith("m") ? Number(value.slice(0, -1)) / 1000 : Number(value);
  return Number.isFinite(cpus) ? cpus : undefined;
}
