/** Where a file of a Git source is to be changed: `cluster/users/alice/train.yaml in https://git.example.org/lab (main)`. */
export function fileInRepository(
  file: string,
  {
    url,
    ref,
    path,
  }: { readonly url: string; readonly ref?: string | undefined; readonly path?: string | undefined },
): string {
  const below = path === undefined ? file : `${path}/${file}`;
  return `${below} in ${url}${ref === undefined ? "" : ` (${ref})`}`;
}
