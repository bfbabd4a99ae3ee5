/** Paths (as `rows.0.colour`) of the fields of plain data that the other one does not have at the same place. */
export function fieldsWithout(value: unknown, other: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null || typeof other !== "object" || other === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = path === "" ? name : `${path}.${name}`;
    return Object.hasOwn(other, name) ? fieldsWithout(inner, Reflect.get(other, name), place) : [place];
  });
}
