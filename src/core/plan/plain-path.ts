/** An absolute path as Docker keeps it: `/srv//data/./` is `/srv/data`. */
export function plainPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}
