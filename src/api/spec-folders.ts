import type { WrittenKind } from "./document.ts";

/** Kinds that belong to no namespace: only root and admins write them. */
export type AdminKind = Exclude<WrittenKind, "ContainerSpec">;

/** The directory below the specs root that holds specs of a kind. */
export const adminFolders: Readonly<Record<AdminKind, string>> = {
  QuotaSpec: "quotas",
  ReservationSpec: "reservations",
};

/** The kind whose specs stand in a directory below the specs root; undefined for users' specs and other names. */
export function adminKindIn(folder: string | undefined): AdminKind | undefined {
  if (folder === adminFolders.QuotaSpec) return "QuotaSpec";
  return folder === adminFolders.ReservationSpec ? "ReservationSpec" : undefined;
}

/** What the place of a file demands: `users/<user>/...` is that user's, `quotas/...` and `reservations/...` are admins'. */
export function expectedIn(path: string): { readonly kind: WrittenKind; readonly namespace?: string } {
  const [top, user] = path.split("/");
  const kind = adminKindIn(top);
  if (kind !== undefined || user === undefined) return { kind: kind ?? "QuotaSpec" };
  return { kind: "ContainerSpec", namespace: user };
}
