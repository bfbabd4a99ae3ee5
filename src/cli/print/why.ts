import type { ContainerDescription } from "../../api/description.ts";

/** Why a container is what it is, as one paragraph. */
export function whyParagraph(description: ContainerDescription): string {
  const { namespace, name, phase, gpu, why, whatHelps, next } = description;
  const slots = gpu?.devices.map(({ slot }) => slot).join(", ") ?? "";
  const holds = slots === "" ? "" : ` with GPU ${slots}`;
  const sentences = [
    `${namespace}/${name} is ${phase}${holds}.`,
    ...why.filter((line) => line !== "").map(sentence),
  ];
  if (whatHelps !== null) sentences.push(`What would help: ${whatHelps} would start now.`);
  else if (why.length === 0)
    sentences.push(sentence(next.at === null ? next.text : `At ${next.at} ${next.text}`));
  return sentences.join(" ");
}

function sentence(line: string): string {
  const text = line.trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
