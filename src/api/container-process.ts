import { z } from "zod";
import { HealthCheck } from "./health-check.ts";

/** RFC 1123, as Kubernetes has it for hostnames. */
const Hostname = z
  .string()
  .max(63)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and dashes, such as "worker-1"');

const HostnameInFile = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'a host name such as "data.lab.example"');

const HostAlias = z.strictObject({
  ip: z.union([z.ipv4(), z.ipv6()]).meta({ description: "IP address.", examples: ["10.0.0.5"] }),
  hostnames: z
    .array(HostnameInFile)
    .min(1)
    .meta({ description: "Names that lead to it.", examples: [["data.lab.example"]] }),
});

/** Fields of a spec about its first process and what that sees of the machine, beside the command. */
export const processFields = {
  tty: z
    .boolean()
    .optional()
    .meta({
      description: "Gives the process a terminal, as interactive programs want it; needs stdin for input.",
      examples: [true],
    }),
  stdin: z
    .boolean()
    .optional()
    .meta({
      description: "Keeps its standard input open, so that it does not end at once.",
      examples: [true],
    }),
  init: z
    .boolean()
    .optional()
    .meta({
      description:
        "Puts Docker's small init before the process, which passes signals on and clears up after ended children.",
      examples: [true],
    }),
  stopSignal: z
    .string()
    .regex(/^SIG[A-Z0-9+-]+$/, 'a signal such as "SIGINT"')
    .optional()
    .meta({
      description: "Signal that asks it to end; absent: the image's, else SIGTERM.",
      examples: ["SIGINT"],
    }),
  healthCheck: HealthCheck.optional().describe(
    "How Docker finds out whether the program inside works; absent: as the image says.",
  ),
  hostname: Hostname.optional().meta({
    description: "Host name inside the container; absent: Docker makes one up.",
    examples: ["worker-1"],
  }),
  hostAliases: z
    .array(HostAlias)
    .optional()
    .meta({
      description: "Lines of /etc/hosts beside those of Docker.",
      examples: [[{ ip: "10.0.0.5", hostnames: ["data.lab.example"] }]],
    }),
};
