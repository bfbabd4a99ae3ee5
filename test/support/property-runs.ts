/** How many random cases a property tries; DS01_PROPERTY_RUNS looks longer, for hours if need be. */
export const propertyRuns = { numRuns: Number(process.env["DS01_PROPERTY_RUNS"] ?? 200) };

/** Time limit of one property in milliseconds, generous because the machine may be busy. */
export const propertyTimeoutMs = 30_000 + propertyRuns.numRuns * 50;
