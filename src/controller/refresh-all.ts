/** Refreshes each id, so many at the same time; the ids for which it came to nothing. Rejects as `refresh` does. */
export async function refreshAll(
  ids: readonly string[],
  atOnce: number,
  refresh: (id: string) => Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const waiting = [...ids];
  const unread = new Set<string>();
  const worker = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (!(await refresh(id))) unread.add(id);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return unread;
}
