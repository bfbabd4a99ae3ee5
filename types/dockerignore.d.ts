/** What ds01 uses of it; the types that it brings are not those of its module. */
declare module "@balena/dockerignore" {
  interface Rules {
    add(patterns: readonly string[]): Rules;
    ignores(path: string): boolean;
  }

  export default function dockerignore(): Rules;
}
