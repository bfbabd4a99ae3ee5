/** What a call of nvidia-smi prints to stdout and exits with. */
export interface Answer {
  readonly output: string;
  readonly exitCode: number;
}
