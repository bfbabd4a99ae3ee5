import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRuns, propertyTimeoutMs } from "../../../test/support/property-runs.ts";
import { parseSpecText } from "../parse.ts";
import { convertRunCommand } from "./convert-run-command.ts";
import { parseRunCommand } from "./parse-run-command.ts";
import { runFlags } from "./run-flags.ts";

/** Values that some flag takes, and what people mistake for them. */
const values = fc.oneof(
  fc.constantFrom(
    ..."1 0 -1 all 16g 1.5G 0.5 host private container:x none A=1 NAME /data:/data:ro ./a:/b vol:/v 80:80 8000-8010:80".split(
      " ",
    ),
    "type=bind,source=/a,target=/b,readonly",
    "device=0",
    '"device=0,1",capabilities=utility',
    "memlock=-1",
    "nofile=10:5",
    "NVIDIA_VISIBLE_DEVICES=0,1",
    "/dev/fuse:/dev/fuse:rw",
    "amd.com/gpu=0",
    "1000:1000",
    "on-failure:3",
    "seccomp=unconfined",
    "SYS_ADMIN",
    "",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 12 }),
);

const flag = fc.oneof(
  fc
    .tuple(fc.constantFrom(...runFlags.values()), values, fc.boolean())
    .map(([{ name, takesValue }, value, joined]) =>
      takesValue ? (joined ? [`--${name}=${value}`] : [`--${name}`, value]) : [`--${name}`],
    ),
  fc.string({ maxLength: 5 }).map((text) => [`-${text}`]),
);

const lines = fc
  .tuple(
    fc.array(flag, { maxLength: 6 }),
    fc.oneof(fc.constant("x"), fc.string({ unit: "binary", maxLength: 8 })),
    fc.array(values, { maxLength: 3 }),
  )
  .map(([flags, image, rest]) => ["docker", "run", ...flags.flat(), image, ...rest]);

test(
  "whatever stands in a line, either every problem has its place or the spec is valid",
  () => {
    let valid = 0;
    fc.assert(
      fc.property(lines, (words) => {
        const command = parseRunCommand(words);
        const around = {
          environment: {},
          directory: "/home/alice",
          files: new Map<string, string>(),
          allGpus: 1,
        };
        const { container, problems, notes } = convertRunCommand(command, around);
        for (const { message, position } of [
          ...problems,
          ...notes.map((note) => ({ message: "note", ...note })),
        ]) {
          expect(message).not.toBe("");
          expect(position?.line).toBeGreaterThan(0);
        }
        expect(container === null).toBe(problems.length > 0);
        if (container === null) return;
        valid += 1;
        const parsed = parseSpecText(container.text, { path: "", expect: "ContainerSpec" });
        expect(parsed.problems).toEqual([]);
        expect(parsed.documents[0]?.identity.name).toBe(container.name);
      }),
      { numRuns: propertyRuns.numRuns * 5 },
    );
    // Else nothing but refusals was looked at.
    expect(valid).toBeGreaterThan(propertyRuns.numRuns / 4);
  },
  propertyTimeoutMs,
);

test("every flag that is given is used, told of as left out, or a switch that is off", () => {
  fc.assert(
    fc.property(fc.constantFrom(...runFlags.values()), ({ name, takesValue, use }) => {
      fc.pre(typeof use === "string");
      const words = ["docker", "run", `--${name}${takesValue ? "=value" : ""}`, "x"];
      const around = { environment: {}, directory: "/", files: new Map<string, string>(), allGpus: 1 };
      const { notes } = convertRunCommand(parseRunCommand(words), around);
      expect(notes).toEqual([expect.objectContaining({ kind: "left-out", field: `--${name}` })]);
    }),
    propertyRuns,
  );
});
