/** The host: serves host calls and the owner's direct writes over a step's snapshot. */
export { createContext, type Done, writeDirect } from "./direct.ts";
export { parseObject, shown } from "./fields.ts";
export { awaitsModel, later, type Meanings, type TextVector } from "./meanings.ts";
export { serve, type Served } from "./serve.ts";
export { Denial, findContext, mayEnter, type Peers, Session, type SessionOptions } from "./session.ts";
export type { Readable, Snapshot, SnapshotRecall, SnapshotSearch } from "./snapshot.ts";
export { firstPermit, type Habit, habitOf } from "./permit.ts";
export { permitWithin } from "./work.ts";
