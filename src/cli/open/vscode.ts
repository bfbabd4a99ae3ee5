/**
 * The address by which VS Code's extension Dev Containers opens a directory of a running container, by way of SSH
 * to its server: the container is named by JSON in hexadecimal digits.
 */
export function vscodeFolder(containerName: string, server: string, directory: string): string {
  const container = Buffer.from(JSON.stringify({ containerName: `/${containerName}` })).toString("hex");
  return `vscode-remote://attached-container+${container}@ssh-remote+${encodeURIComponent(server)}${encodeURI(directory)}`;
}
