import { z } from "zod";
import { ByteQuantity } from "./fields.ts";

/** What can be limited of a device, in the order in which it is told. */
export const ioRateNames = [
  "readBytesPerSecond",
  "writeBytesPerSecond",
  "readOperationsPerSecond",
  "writeOperationsPerSecond",
] as const;
export type IoRateName = (typeof ioRateNames)[number];

const Operations = z.number().int().min(1);

/** Limits of one block device, each a rate. */
export const IoDevice = z
  .strictObject({
    path: z
      .string()
      // Without dots at the start of a part: `..` leads elsewhere.
      .regex(
        /^\/dev(?:\/[A-Za-z0-9_+:-][A-Za-z0-9._+:-]*)+$/,
        "the path of a block device, such as /dev/nvme0n1",
      )
      .meta({ description: "Path of the block device on the host.", examples: ["/dev/nvme0n1"] }),
    readBytesPerSecond: ByteQuantity.optional().meta({
      description: "Bytes read a second at most.",
      examples: ["200Mi"],
    }),
    writeBytesPerSecond: ByteQuantity.optional().meta({
      description: "Bytes written a second at most.",
      examples: ["100Mi"],
    }),
    readOperationsPerSecond: Operations.optional().meta({
      description: "Read operations a second at most.",
      examples: [2000],
    }),
    writeOperationsPerSecond: Operations.optional().meta({
      description: "Write operations a second at most.",
      examples: [1000],
    }),
  })
  .refine((device) => ioRateNames.some((name) => device[name] !== undefined), {
    error: "is missing, and so is any other limit of this device",
    path: ["readBytesPerSecond"],
  });
export type IoDevice = z.infer<typeof IoDevice>;

/** How much of the disks a container may use. */
export const BlockIo = z.strictObject({
  weight: z
    .number()
    .int()
    .min(10)
    .max(1000)
    .optional()
    .meta({
      description: "Share of a disk that several want at a time, against that of others.",
      examples: [200],
    }),
  devices: z
    .array(IoDevice)
    .superRefine(checkPaths, { when: ({ value }) => Array.isArray(value) })
    .optional()
    .meta({
      description: "Limits of single disks.",
      examples: [[{ path: "/dev/nvme0n1", readBytesPerSecond: "200Mi" }]],
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["path"],
    }),
});
export type BlockIo = z.infer<typeof BlockIo>;

/** No device stands twice. */
function checkPaths(devices: readonly unknown[], context: z.RefinementCtx): void {
  const seen = new Set<unknown>();
  devices.forEach((device, index) => {
    const path: unknown = typeof device === "object" && device !== null ? Reflect.get(device, "path") : null;
    if (typeof path !== "string") return;
    if (seen.has(path)) {
      context.addIssue({
        code: "custom",
        path: [index, "path"],
        message: `"${path}" is listed twice; remove one`,
      });
    }
    seen.add(path);
  });
}
