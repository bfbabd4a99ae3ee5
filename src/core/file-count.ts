/** So many spec files, in words: `1 spec file`. */
export function fileCount(files: number): string {
  return `${files} spec ${files === 1 ? "file" : "files"}`;
}

/** That so many spec files are in effect. */
export function filesInEffect(files: number): string {
  return `${fileCount(files)} ${files === 1 ? "is" : "are"} in effect`;
}
