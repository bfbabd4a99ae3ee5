/** Makes sure that the tests can have a real Docker Engine, before anything slow starts; else says what to do (exit 1). */
import { ensureRequirements } from "../bed/requirements.ts";

const dockerHost = process.env["DOCKER_HOST"] ?? "";
if (dockerHost === "") {
  try {
    ensureRequirements();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
} else {
  process.stderr.write(`the shared engine of the tests is ${dockerHost} (DOCKER_HOST)\n`);
}
