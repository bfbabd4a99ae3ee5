const xidActions = [
  "RestartApp",
  "Ignore",
  "ResetGpu",
  "RestartMachine",
  "RestartVirtualMachine",
  "ContactSupport",
  // Depends on what else is found; the row says what ds01 makes of it.
  "Workflow",
] as const;
/** What NVIDIA says to do at once about an XID. */
export type XidAction = (typeof xidActions)[number];

/** What an error means for the GPU: how far it is to be trusted, or that it was the program's own. */
export type XidEffect = "none" | "application" | "suspect" | "unhealthy" | "lost";

/** One error that the NVIDIA driver writes to the kernel log. */
export interface Xid {
  readonly code: number;
  readonly name: string;
  readonly action: XidAction;
  readonly effect: XidEffect;
}

const effects: Readonly<Record<XidAction, XidEffect>> = {
  RestartApp: "application",
  Ignore: "none",
  ResetGpu: "unhealthy",
  RestartMachine: "lost",
  RestartVirtualMachine: "unhealthy",
  ContactSupport: "suspect",
  Workflow: "suspect",
};

type Row = readonly [code: number, name: string, action: XidAction, effect?: XidEffect];

/**
 * Names and immediate actions after NVIDIA's XID catalogue (docs.nvidia.com/deploy/xid-errors, "Analyzing Xid
 * Errors with the Xid Catalog", as of October 2025). What is not in it is for the support, and suspect.
 */
const rows: readonly Row[] = [
  [8, "GPU stopped processing", "RestartApp"],
  [11, "Invalid or corrupted push buffer stream", "RestartApp"],
  [13, "Graphics Engine Exception", "RestartApp"],
  [25, "Invalid or illegal push buffer stream", "RestartApp"],
  [31, "GPU memory page fault", "RestartApp"],
  [32, "Invalid or corrupted push buffer stream", "RestartApp"],
  [37, "Driver firmware error", "Ignore"],
  [38, "Driver firmware error", "Ignore"],
  ...named([39, 40, 41], "Copy Engine Exception", "RestartApp"),
  [43, "GPU stopped processing", "Ignore"],
  [44, "Graphics Engine fault during context switch", "Ignore"],
  // Follows another error, or the end of a program; alone it says nothing about the GPU.
  [45, "Preemptive cleanup, due to previous errors", "Workflow", "none"],
  [46, "GPU stopped processing", "ResetGpu"],
  [48, "Double Bit ECC Error", "Workflow", "unhealthy"],
  [60, "Video processor exception", "RestartApp"],
  [62, "Internal micro-controller halt", "ResetGpu"],
  [63, "GPU memory remapping event", "Ignore"],
  [64, "GPU memory remapping failure", "ResetGpu"],
  [66, "Illegal access by driver", "Ignore"],
  [67, "Illegal access by driver", "Ignore"],
  [68, "NVDEC0 Exception", "RestartApp"],
  [69, "Graphics Engine class error", "RestartApp"],
  ...named([70, 71, 72, 75, 76, 77, 85, ...range(126, 135)], "Copy Engine error", "RestartApp"),
  [74, "NVLINK Error", "Workflow", "unhealthy"],
  [79, "GPU has fallen off the bus", "RestartMachine"],
  [80, "Corrupted data sent to GPU", "RestartApp"],
  ...named([82, ...range(99, 105)], "NVJPG error", "RestartApp"),
  ...named([83, 84, 88, 89, 96, 97, 98], "NVDEC error", "RestartApp"),
  ...named([86, 139], "OFA Exception", "RestartApp"),
  [92, "High single-bit ECC error rate", "Ignore"],
  [93, "InfoROM wear limit", "Ignore"],
  [94, "Contained memory error", "RestartApp"],
  [95, "Uncontained memory error", "ResetGpu"],
  ...named([106, 107], "SMBPBI test message", "Ignore"),
  [108, "NVLink remote translation error", "Ignore"],
  [109, "Context Switch Timeout Error", "ResetGpu"],
  [110, "Security Fault Error", "ResetGpu"],
  [119, "GSP RPC Timeout", "ResetGpu"],
  [120, "GSP Error", "ResetGpu"],
  [121, "C2C Error", "Ignore"],
  [136, "Link Training Failed", "ResetGpu"],
  [137, "NVLink Privilege Error", "Ignore"],
  [140, "ECC Unrecovered Error", "ResetGpu"],
  [141, "CUDA Fast Path Error", "Ignore"],
  [143, "GPU Initialization Error", "ResetGpu"],
  ...named(range(144, 150), "NVLink 5 error", "Workflow"),
  [151, "Key rotation Error", "RestartVirtualMachine"],
  ...named([152, 153], "DLA error", "Ignore"),
  // nvidia-smi says which action it is now.
  [154, "GPU Recovery Action Changed", "Workflow", "none"],
  [155, "NVLINK: SW Defined Error", "ResetGpu"],
  [156, "Resource Retirement Event", "ResetGpu"],
  [157, "Resource Retirement Failure", "Ignore"],
  [158, "GPU Fatal Timeout", "ResetGpu"],
  [160, "Channel Retirement Event", "Ignore"],
  [161, "Channel Retirement Failure", "Ignore"],
];

const catalogue: ReadonlyMap<number, Xid> = new Map(
  rows.map(([code, name, action, effect]) => [
    code,
    { code, name, action, effect: effect ?? effects[action] },
  ]),
);

/** What is known about an XID; a number without a row is for the support. */
export function xidByCode(code: number): Xid {
  const unknown: Xid = { code, name: "not in the catalogue", action: "ContactSupport", effect: "suspect" };
  return catalogue.get(code) ?? unknown;
}

function named(codes: readonly number[], name: string, action: XidAction): readonly Row[] {
  return codes.map((code) => [code, name, action]);
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, place) => first + place);
}
