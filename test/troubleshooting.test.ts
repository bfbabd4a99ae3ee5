import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");

/** Words in the place of a reason: `reason: "X"`, `fact("...", "X"`, `refused("X"`, `denied("X"`, and unions of them. */
const reasonPlaces = [
  /\breason(?:: |: [^"\n]*\? |\s*=\s*)"([A-Z][A-Za-z]+)"(?: : "([A-Z][A-Za-z]+)")?/g,
  /\bfact\(\s*"[a-z.]+",\s*(?:[^"\n]*\? )?"([A-Z][A-Za-z]+)"(?: : "([A-Z][A-Za-z]+)")?/g,
  /\b(?:refused|denied)\(\s*"([A-Z][A-Za-z]+)"/g,
  /^\s*\| "([A-Z][A-Za-z]+)"/gm,
];

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** What nobody needs help with: all is well, it is being done, or it is only for programs and developers. */
const noTrouble = new Set([
  ...words(`Adopted Assigned Completed Created Deleted EngineReady Healthy Kept NotRequested Present Ready Removed Renamed Replaced Synced
    RestartRequested Restarted Running SourceResumed SourceSynced SpecChanged SpecDeleted SliceCut SliceRemoved SpecRunning SpecValid Started StartedAgain Starting Stopping WithinQuota`),
  // Conflicts of two calls, which the next look settles.
  ...words(`AlreadyPaused Conflict ContainerNotFound ContainerNotRunning ContainerPaused ContainerRunning ExecNotFound NameUnchanged
    NotFound NotPaused RemovalInProgress VolumeNotFound`),
  // Why a device does not fit: told in a message, in words.
  ...words(
    "Cordoned IsSlice IsTimeSlice NotGranted NotTimeSliced TimeSliced TooManySharers Leased MigEnabled TooLittleMemory TooLowCapability UnknownCapability WrongKind WrongModel WrongProfile",
  ),
  // Faults of ds01 itself, for its log.
  ...words(
    "IdleLookFailed IngestFailed InternalError NameServiceUnreachable NotifyFailed OrphanReviewFailed PeerUnknown PruneFailed",
  ),
  // Answers that say everything themselves.
  ...words("Invalid Timeout Usage UnknownField UnknownKind"),
]);

function reasonsIn(text: string): readonly string[] {
  return reasonPlaces.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap(([, one, other]) =>
      [one, other].filter((word) => word !== undefined),
    ),
  );
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => readFileSync(join(root, folder, path), "utf8"));
}

test("every reason that a person can meet stands in docs/troubleshooting.md", () => {
  const texts = ["src/core", "src/adapters", "src/controller", "src/client"].flatMap(sources);
  const reasons = new Set(texts.flatMap(reasonsIn));

  expect(reasons.size).toBeGreaterThan(80);
  const missing = [...reasons].filter((reason) => !noTrouble.has(reason) && !page.includes(`\`${reason}\``));
  expect(missing.toSorted()).toEqual([]);
});

test("docs/troubleshooting.md names no reason that does not exist", () => {
  const everything = sources("src").join("\n");
  const rows = page.split("\n").filter((line) => /^\| `[A-Z]/.test(line));
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([A-Za-z]+)`/g)].map(([, word]) => word ?? ""),
  );

  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((word) => !everything.includes(`"${word}"`))).toEqual([]);
});

test("the places of reasons are found", () => {
  const text = `
    throw new StalledError({ reason: "OneReason" });
    const reason = broken ? "TwoReason" : "ThreeReason";
    const row = { reason: container.oomKilled ? "FourReason" : "FiveReason" };
    return fact("job.failed", primary.oomKilled ? "SixReason" : "SevenReason", what);
    return fact(
      "stopped.held",
      "EightReason",
    );
    return denied("NineReason", "mounts");
  `;
  expect(reasonsIn(text)).toEqual(
    expect.arrayContaining([
      "OneReason",
      "FourReason",
      "FiveReason",
      "SixReason",
      "SevenReason",
      "EightReason",
      "NineReason",
    ]),
  );
});
