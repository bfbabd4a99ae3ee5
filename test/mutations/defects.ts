import type { Defect } from "./defect.ts";
import { lifecycleDefects } from "./lifecycle-defects.ts";
import { safetyDefects } from "./safety-defects.ts";
import { schedulingDefects } from "./scheduling-defects.ts";

/** All faults that are planted, one at a time. */
export const defects: readonly Defect[] = [...safetyDefects, ...lifecycleDefects, ...schedulingDefects];
