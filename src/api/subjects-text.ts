const shownMax = 4;

/** Users, @groups, or default for everybody else, in a few words. */
export function subjectsText(subjects: {
  readonly users?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly default?: boolean;
}): string {
  const names = [
    ...(subjects.default === true ? ["default"] : []),
    ...(subjects.groups ?? []).map((group) => `@${group}`),
    ...(subjects.users ?? []),
  ];
  if (names.length === 0) return "-";
  const more = names.length - shownMax;
  return more <= 0 ? names.join(",") : `${names.slice(0, shownMax).join(",")} and ${more} more`;
}
