/** The host: serves host calls and the owner's direct writes over a step's snapshot. */
export { createContext, writeDirect } from "./direct.ts";
export { awaitsModel, later, type Meanings, type TextVector } from "./meanings.ts";
export { serve, type Served } from "./serve.ts";
export { findContext, mayEnter, type Peers, Session } from "./session.ts";
export type { Snapshot, SnapshotSearch } from "./snapshot.ts";
export { firstPermit, type Habit, habitOf } from "./permit.ts";
export { permitWithin } from "./work.ts";
