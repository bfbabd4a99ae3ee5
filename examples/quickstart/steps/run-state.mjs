// What one run of the quickstart carries along: how to stop it, and what to undo at its end.

/** Ends the run with one sentence for the person in front of it; anything else thrown is a defect. */
export class QuickstartError extends Error {
  name = "QuickstartError";
}

/** Starts a run: `signal` aborts at Ctrl-C, SIGTERM and SIGHUP; what was put on `undo` runs last first. */
export function beginRun() {
  const stopping = new AbortController();
  const steps = [];
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Stays for the whole run: a second Ctrl-C must not cut the cleaning up short.
    process.on(name, () => stopping.abort(new QuickstartError(`stopped by ${name}`)));
  }
  return {
    signal: stopping.signal,
    undo: (what, action) => steps.push({ what, action }),
    /** Undoes everything; returns whether all of it succeeded, having said what did not. */
    async cleanUp() {
      let clean = true;
      for (const { what, action } of steps.reverse()) {
        try {
          await action();
        } catch (error) {
          clean = false;
          process.stderr.write(`could not ${what}: ${error.message}\n`);
        }
      }
      return clean;
    },
  };
}
