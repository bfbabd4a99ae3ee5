import { findProgram, installPackages } from "../bed/requirements.ts";

/** Installs what the tests of signatures and of ssh run, where it is missing. */
export function ensureGitPrograms(): void {
  if (["gpg", "ssh-keygen", "sshd"].every((name) => findProgram(name) !== undefined)) return;
  installPackages(["gnupg", "openssh-client", "openssh-server"]);
}
