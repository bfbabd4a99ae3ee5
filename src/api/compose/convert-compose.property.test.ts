import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { parseSpecText } from "../parse.ts";
import { convertCompose } from "./convert-compose.ts";
import { otherServiceKeys, serviceKeys } from "./service-keys.ts";

const words = fc.oneof(
  fc.constantFrom(
    ..."1 all 16g host service:a none A=1 NAME /d:/d:ro ./a:/b vol:/v 80:80 $A ${A:-x} a memlock=-1 /dev/fuse".split(
      " ",
    ),
    ..."amd.com/gpu=0 1000:1000 on-failure:3 30s $$ ${ always".split(" "),
    "sh -c 'a b'",
  ),
  fc.constantFrom<unknown>(null, true, false, 0, 1, 1.5, -1, 2 ** 31, "", Number.NaN),
);

const names =
  "A source target type read_only published driver count capabilities device_ids soft hard resources limits reservations devices memory service file path condition replicas".split(
    " ",
  );

/** Anything in the place of anything, under names that mean something. */
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    words,
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 5 })), tie("value"), {
      maxKeys: 4,
    }),
  ),
})).value;

const keys = [...serviceKeys.keys(), ...otherServiceKeys];
const service = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constant("x") }, { weight: 1, arbitrary: anything }),
    fc.dictionary(fc.constantFrom(...keys), fc.oneof(words, fc.array(words, { maxLength: 2 }), anything), {
      maxKeys: 4,
    }),
  )
  .map(([image, fields]) => ({ ...fields, image }));

const files = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .dictionary(fc.constantFrom("a", "b", "C_c"), service, { minKeys: 1 })
      .map((services) => stringify({ services })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ services: anything, networks: anything, name: anything })
      .map((value) => stringify(value)),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);

test(
  "whatever stands in a file, either every problem has its place or every spec is valid",
  () => {
    let valid = 0;
    fc.assert(
      fc.property(files, (text) => {
        const { containers, problems, notes } = convertCompose({
          file: { path: "compose.yaml", text },
          directory: "/srv/lab",
          home: "/home/alice",
          lookup: (name) => (name === "A" ? "here" : undefined),
          services: [],
          profiles: ["*"],
          files: new Map(),
          allGpus: 1,
        });
        for (const { message, position } of problems) {
          expect(message).not.toBe("");
          expect(position?.line).toBeGreaterThan(0);
        }
        for (const { position } of notes) expect(position.line).toBeGreaterThan(0);
        if (problems.length > 0) expect(containers).toEqual([]);
        valid += containers.length;
        for (const container of containers) {
          const parsed = parseSpecText(container.text, { path: "", expect: "ContainerSpec" });
          expect(parsed.problems).toEqual([]);
          expect(parsed.documents[0]?.identity.name).toBe(container.name);
        }
      }),
      { numRuns: propertyRuns.numRuns * 5 },
    );
    // Else nothing but refusals was looked at.
    expect(valid).toBeGreaterThan(propertyRuns.numRuns / 4);
  },
  propertyTimeoutMs,
);

test("every key that is given is used, or told of as left out", () => {
  for (const [name, use] of serviceKeys) {
    if (typeof use !== "string") continue;
    const text = stringify({ services: { a: { image: "x", [name]: "value" } } });
    const given = { services: [], profiles: [], files: new Map<string, string>(), allGpus: 1 };
    const file = { path: "compose.yaml", text };
    const { notes } = convertCompose({
      ...given,
      file,
      directory: "/",
      home: undefined,
      lookup: () => undefined,
    });
    expect(notes).toEqual([expect.objectContaining({ kind: "left-out", field: `services.a.${name}` })]);
  }
});
