import { describe, expect, it } from "vitest";
import { canonicalReference, similarImages } from "./similar-images.ts";

const here = [
  "pytorch/pytorch:2.5",
  "pytorch/pytorch:2.4",
  "registry.lab/team/pytorch:2.5",
  "bed/base:1",
  "nvidia/cuda:12.4.1-base-ubuntu22.04",
  "ds01-build/bob/pytorch:0a1b",
];

describe("similarImages", () => {
  it.each([
    ["pytorch:2.5", ["pytorch/pytorch:2.5", "registry.lab/team/pytorch:2.5", "pytorch/pytorch:2.4"]],
    ["pytorch/pytorhc:2.5", ["pytorch/pytorch:2.5", "registry.lab/team/pytorch:2.5", "pytorch/pytorch:2.4"]],
    ["pytorch/torchvision:2.5", []],
    ["pytorch/pytoch:2.5", ["pytorch/pytorch:2.5", "registry.lab/team/pytorch:2.5", "pytorch/pytorch:2.4"]],
    ["bed/bse:1", ["bed/base:1"]],
    ["nvidia/cuda:12.4.1-base-ubuntu20.04", ["nvidia/cuda:12.4.1-base-ubuntu22.04"]],
    ["ubuntu", []],
  ])("finds what may have been meant by %s", (wanted, expected) => {
    expect(similarImages(wanted, here)).toEqual(expected);
  });

  it("keeps what others have built to them", () => {
    expect(similarImages("pytorch:0a1b", here)).not.toContain("ds01-build/bob/pytorch:0a1b");
  });
});

describe("canonicalReference", () => {
  it.each([
    ["ubuntu", "docker.io/library/ubuntu:latest"],
    ["docker.io/library/ubuntu:22.04", "docker.io/library/ubuntu:22.04"],
    ["index.docker.io/ubuntu", "docker.io/library/ubuntu:latest"],
    ["x:1@sha256:AB", "docker.io/library/x@sha256:ab"],
  ])("spells %s one way", (reference, expected) => {
    expect(canonicalReference(reference)).toBe(expected);
  });
});
