import { may } from "../access.ts";
import type { AccessResource, Caller, Verb } from "../access.ts";
import { discoveredResources } from "../discovered-resources.ts";
import { sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { isObject } from "../merge-patch.ts";
import {
  accessReviewType,
  groupOf,
  groupPathOf,
  namespaceType,
  podMetricsType,
  rulesReviewType,
  subjectReviewType,
} from "../resource-type.ts";
import type { ResourceType } from "../resource-type.ts";
import { readOwnObject } from "../review-body.ts";
import type { Route } from "../router.ts";

type Values = Readonly<Record<string, unknown>>;

/** What anybody may ask the server itself. */
const openPaths = [
  "/version",
  "/healthz",
  "/livez",
  "/readyz",
  "/api",
  "/api/*",
  "/apis",
  "/apis/*",
  "/openapi/*",
];

/** Who am I, may I, and what may I: answered by the rule that every request goes through. */
export function reviewRoutes(): readonly Route[] {
  return [
    review(subjectReviewType, ({ caller }) => ({
      userInfo: {
        username: caller.user,
        uid: String(caller.uid),
        groups: [...caller.groups, ...(caller.admin ? ["ds01:admins"] : []), "system:authenticated"],
      },
    })),
    review(accessReviewType, ({ caller }, spec) => accessOf(caller, spec)),
    review(rulesReviewType, ({ caller }, spec) => ({
      resourceRules: rulesOf(caller, textOf(spec["namespace"])),
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: openPaths }],
      incomplete: false,
    })),
  ];
}

function review(type: ResourceType, statusOf: (exchange: Exchange, spec: Values) => object): Route {
  return {
    method: "POST",
    pattern: `${groupPathOf(type)}/${type.plural}`,
    handle: async (exchange) => {
      const { spec } = await readOwnObject(exchange);
      const asked = isObject(spec) ? spec : {};
      sendJson(exchange.response, 201, {
        kind: type.kind,
        apiVersion: type.apiVersion,
        metadata: { creationTimestamp: null },
        ...(isObject(spec) ? { spec } : {}),
        status: statusOf(exchange, asked),
      });
    },
  };
}

function accessOf(caller: Caller, spec: Values): object {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isObject(nonResourceAttributes)) {
    const path = textOf(nonResourceAttributes["path"]);
    const isOpen = openPaths.some(
      (open) => path === open || (open.endsWith("*") && path.startsWith(open.slice(0, -1))),
    );
    return { allowed: isOpen && textOf(nonResourceAttributes["verb"]).toLowerCase() === "get" };
  }
  const wanted = isObject(resourceAttributes) ? resourceAttributes : {};
  const part = textOf(wanted["subresource"]);
  const verb = textOf(wanted["verb"]);
  const resource = textOf(wanted["resource"]);
  if (verb === "*" || resource === "*") return { allowed: caller.admin };
  const found = discoveredResources.find(
    ({ type }) => type.plural === resource && groupOf(type) === textOf(wanted["group"]),
  );
  const verbs = part === "" ? found?.verbs : found?.subresources.find(({ name }) => name === part)?.verbs;
  const served = verbs?.find((one) => one === verb);
  if (found === undefined || served === undefined) {
    return { allowed: false, reason: "this server has no such resource, or none with this verb" };
  }
  const { type } = found;
  // A Namespace lies in itself.
  const namespace = textOf(wanted[type === namespaceType ? "name" : "namespace"]);
  return { allowed: allows(caller, served, { type, part, namespace }) };
}

function rulesOf(caller: Caller, namespace: string): readonly object[] {
  return discoveredResources.flatMap(({ type, verbs, subresources }) =>
    [{ name: "", verbs }, ...subresources].flatMap(({ name: part, verbs: served }) => {
      const allowed = served.filter((verb) => allows(caller, verb, { type, part, namespace }));
      const resources = [part === "" ? type.plural : `${type.plural}/${part}`];
      return allowed.length === 0 ? [] : [{ verbs: allowed, apiGroups: [groupOf(type)], resources }];
    }),
  );
}

/** The same question that the routes ask. */
function allows(
  caller: Caller,
  verb: Verb,
  {
    type,
    part,
    namespace,
  }: { readonly type: ResourceType; readonly part: string; readonly namespace: string },
): boolean {
  // Everybody may ask about themselves.
  if (verb === "create" && type.plural.startsWith("selfsubject")) return true;
  // Reading a terminal of a process is no less than writing to it.
  const asked: Verb = part === "exec" || part === "attach" || part === "portforward" ? "create" : verb;
  return may(
    caller,
    asked,
    accessName(type, part),
    (type.namespaced || type === namespaceType) && namespace !== "" ? namespace : undefined,
  );
}

function accessName(type: ResourceType, part: string): AccessResource {
  // Names that the rule does not know are for admins only.
  if (groupOf(type) === groupOf(podMetricsType)) return `${type.plural}/metrics` as AccessResource;
  return (part === "" || part === "status" ? type.plural : `${type.plural}/${part}`) as AccessResource;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
