/** Exit codes of every verb (CONTRACT 4); scripts rely on them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  notFound: 4,
  timedOut: 5,
  unreachable: 69,
  stateDirectoryTaken: 75,
} as const;

/** What each code means, in the order of the help text and of docs/cli.md. */
export const exitCodeMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCodes.done, "done"],
  [exitCodes.failed, "failed"],
  [exitCodes.usage, "usage or invalid input"],
  [exitCodes.denied, "denied"],
  [exitCodes.notFound, "not found"],
  [exitCodes.timedOut, "timed out"],
  [exitCodes.unreachable, "engine or controller unreachable"],
  [exitCodes.stateDirectoryTaken, "another controller holds the state directory"],
];
