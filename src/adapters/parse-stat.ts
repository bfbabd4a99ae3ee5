/** The state and the start time (clock ticks from boot) of a process, from the text of its /proc/PID/stat. */
export function parseStat(stat: string): { readonly state: string; readonly startTicks: string } {
  // The command name in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTicks: fields[19] ?? "" };
}
