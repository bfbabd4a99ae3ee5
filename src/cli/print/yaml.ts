/** A value as YAML; loads the YAML library only now. */
export async function renderYaml(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  // Without undefined members, anchors or folded lines: what is printed can be applied again and compared.
  return stringify(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false, lineWidth: 0 });
}
