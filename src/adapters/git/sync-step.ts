/** Where a sync has come to, and what goes on beside: `compared` with what was in effect before. */
export type SyncStep =
  | "fetched"
  | "listed"
  | "checkedOut"
  | "validated"
  | "published"
  | "delivered"
  | "compared";
