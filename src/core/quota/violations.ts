import type { ContainerSpecSpec } from "../../api/container.ts";
import { copyViolations } from "./copy-violations.ts";
import { deviceViolations } from "./device-violations.ts";
import { givenFileViolations } from "./given-file-violations.ts";
import { gpuViolations } from "./gpu-violations.ts";
import { imageViolations } from "./image-violations.ts";
import { ioViolations } from "./block-io.ts";
import { effectiveLimits } from "./effective.ts";
import { engineLimitViolations } from "./engine-limit-violations.ts";
import { memorySwapViolations } from "./memory-swap.ts";
import { lifecycleViolations, priorityViolations } from "./lifecycle-violations.ts";
import type { ResolvedQuota, Violation } from "./limits.ts";
import { mountViolations } from "./mount-violations.ts";
import { namespaceViolations, userViolations } from "./namespace-violations.ts";
import { portViolations } from "./port-violations.ts";
import { resourceViolations } from "./resource-violations.ts";
import { securityViolations } from "./security-violations.ts";
import { ulimitViolations } from "./ulimits.ts";
import type { QuotaFacts, Subject } from "./violation-words.ts";

/** Every family of rules, in the order in which refusals are told. */
const families: readonly ((subject: Subject) => readonly Violation[])[] = [
  imageViolations,
  resourceViolations,
  (subject) =>
    memorySwapViolations(subject, effectiveLimits(subject.spec, subject.quota, () => "").memoryBytes),
  ({ spec, quota, facts }) => ulimitViolations(facts.object, spec.resources?.ulimits, quota),
  ioViolations,
  engineLimitViolations,
  gpuViolations,
  lifecycleViolations,
  priorityViolations,
  mountViolations,
  copyViolations,
  givenFileViolations,
  userViolations,
  namespaceViolations,
  securityViolations,
  deviceViolations,
  portViolations,
];

/** All that the quota forbids for good; what it only delays (nominal, maxContainers in use) is not in here. */
export function violations(
  spec: ContainerSpecSpec,
  quota: ResolvedQuota,
  facts: QuotaFacts,
): readonly Violation[] {
  return families.flatMap((family) => family({ spec, quota, facts }));
}
