/** A MIG profile of a card: how `nvidia-smi mig -lgip` describes it. */
export interface MigProfile {
  readonly name: string;
  readonly id: number;
  readonly computeSlices: number;
  readonly memoryMiB: number;
  readonly multiprocessors: number;
  /** Memory slices it covers, and the slices it may start at. */
  readonly size: number;
  readonly starts: readonly number[];
  /** The lowest GPU instance id that the driver gives to this profile. */
  readonly firstInstance: number;
}

/** A kind of card. */
export interface GpuModel {
  readonly productName: string;
  readonly brand: string;
  readonly architecture: string;
  readonly memoryTotalMiB: number;
  readonly memoryReservedMiB: number;
  readonly idleMemoryMiB: number;
  readonly computeCapability: string;
  readonly pciDeviceId: string;
  readonly powerLimitW: number;
  /** How the cards of one machine are joined: an NVLink name as `NV12`, or `PCIe`. */
  readonly link: string;
  readonly ecc: boolean;
  readonly migProfiles: readonly MigProfile[];
}

const datacentre = { brand: "NVIDIA", ecc: true, idleMemoryMiB: 4, link: "PCIe", migProfiles: [] };
const consumer = { ...datacentre, brand: "GeForce", ecc: false, idleMemoryMiB: 2 };

/** The cards a GPU spec may name. */
const gpuModels: Readonly<Record<string, GpuModel>> = {
  "A100-80GB": {
    ...datacentre,
    productName: "NVIDIA A100-SXM4-80GB",
    architecture: "Ampere",
    computeCapability: "8.0",
    pciDeviceId: "20B210DE",
    powerLimitW: 500,
    link: "NV12",
    memoryTotalMiB: 81_920,
    memoryReservedMiB: 869,
    migProfiles: profiles(
      ["10gb", "20gb", "40gb", "80gb"],
      [9_728, 19_968, 40_192, 80_640],
      [14, 28, 42, 56, 98],
    ),
  },
  "A100-40GB": {
    ...datacentre,
    productName: "NVIDIA A100-SXM4-40GB",
    architecture: "Ampere",
    computeCapability: "8.0",
    pciDeviceId: "20B010DE",
    powerLimitW: 400,
    link: "NV12",
    memoryTotalMiB: 40_960,
    memoryReservedMiB: 571,
    migProfiles: profiles(
      ["5gb", "10gb", "20gb", "40gb"],
      [4_864, 9_856, 19_968, 40_192],
      [14, 28, 42, 56, 98],
    ),
  },
  H100: {
    ...datacentre,
    productName: "NVIDIA H100 80GB HBM3",
    architecture: "Hopper",
    computeCapability: "9.0",
    pciDeviceId: "233010DE",
    powerLimitW: 700,
    link: "NV18",
    memoryTotalMiB: 81_559,
    memoryReservedMiB: 479,
    migProfiles: profiles(
      ["10gb", "20gb", "40gb", "80gb"],
      [9_984, 20_096, 40_448, 80_896],
      [16, 32, 60, 64, 132],
    ),
  },
  L40S: {
    ...datacentre,
    productName: "NVIDIA L40S",
    architecture: "Ada Lovelace",
    computeCapability: "8.9",
    pciDeviceId: "26B910DE",
    powerLimitW: 350,
    memoryTotalMiB: 46_068,
    memoryReservedMiB: 662,
  },
  RTX4090: {
    ...consumer,
    productName: "NVIDIA GeForce RTX 4090",
    architecture: "Ada Lovelace",
    computeCapability: "8.9",
    pciDeviceId: "268410DE",
    powerLimitW: 450,
    memoryTotalMiB: 24_564,
    memoryReservedMiB: 346,
  },
  RTX3090: {
    ...consumer,
    productName: "NVIDIA GeForce RTX 3090",
    architecture: "Ampere",
    computeCapability: "8.6",
    pciDeviceId: "220410DE",
    powerLimitW: 350,
    memoryTotalMiB: 24_576,
    memoryReservedMiB: 316,
  },
};

// Every MIG card has the same seven shapes; sizes are for one, two, four and eight memory slices.
function profiles(
  sizes: readonly [string, string, string, string],
  memory: readonly [number, number, number, number],
  processors: readonly [number, number, number, number, number],
): MigProfile[] {
  const [one, two, four, eight] = sizes;
  const everySlice = [0, 1, 2, 3, 4, 5, 6];
  return [
    {
      name: `1g.${one}`,
      id: 19,
      computeSlices: 1,
      memoryMiB: memory[0],
      multiprocessors: processors[0],
      size: 1,
      starts: everySlice,
      firstInstance: 7,
    },
    {
      name: `1g.${one}+me`,
      id: 20,
      computeSlices: 1,
      memoryMiB: memory[0],
      multiprocessors: processors[0],
      size: 1,
      starts: everySlice,
      firstInstance: 7,
    },
    {
      name: `1g.${two}`,
      id: 15,
      computeSlices: 1,
      memoryMiB: memory[1],
      multiprocessors: processors[0],
      size: 2,
      starts: [0, 2, 4, 6],
      firstInstance: 3,
    },
    {
      name: `2g.${two}`,
      id: 14,
      computeSlices: 2,
      memoryMiB: memory[1],
      multiprocessors: processors[1],
      size: 2,
      starts: [0, 2, 4],
      firstInstance: 3,
    },
    {
      name: `3g.${four}`,
      id: 9,
      computeSlices: 3,
      memoryMiB: memory[2],
      multiprocessors: processors[2],
      size: 4,
      starts: [0, 4],
      firstInstance: 1,
    },
    {
      name: `4g.${four}`,
      id: 5,
      computeSlices: 4,
      memoryMiB: memory[2],
      multiprocessors: processors[3],
      size: 4,
      starts: [0],
      firstInstance: 1,
    },
    {
      name: `7g.${eight}`,
      id: 0,
      computeSlices: 7,
      memoryMiB: memory[3],
      multiprocessors: processors[4],
      size: 8,
      starts: [0],
      firstInstance: 0,
    },
  ];
}

/** The model of that key; throws with the known keys. */
export function modelOf(key: string): GpuModel {
  const model = gpuModels[key];
  if (model === undefined)
    throw new Error(`no GPU model ${JSON.stringify(key)}: use one of ${Object.keys(gpuModels).join(", ")}`);
  return model;
}

/** The profile of that name on a card; throws with the card's profiles. */
export function profileOf(model: GpuModel, name: string): MigProfile {
  const profile = model.migProfiles.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  const known = model.migProfiles.map((candidate) => candidate.name).join(", ") || "none";
  throw new Error(`${model.productName} has no MIG profile ${JSON.stringify(name)}: it has ${known}`);
}
