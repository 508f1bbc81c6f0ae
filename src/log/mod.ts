/** The append-only log: entries, codec, hash chain, segments, blobs, torn tails; an in-memory disk for simulation. */

export { type Blobs, openBlobs } from "./blobs.ts";
export {
  type Body,
  decodeEntry,
  type EncodedEntry,
  encodeEntry,
  payloadDigest,
  problem,
  sameBytes,
  sha256,
  sha256Hex,
  stateHash,
  toHex,
} from "./codec.ts";
export { type Disk, type DiskFile, ioRefusal, realDisk } from "./disk.ts";
export { formatVersion } from "./frame.ts";
export { type Log, type LogEntry, type LogOptions, type LogVerdict, type OpenLog, openLog } from "./log.ts";
export { MemoryDisk } from "./memory_disk.ts";
export { asideFolder, erasePayloads, repairLog, type RepairReport } from "./repair.ts";
export { type BesidePayload, decodeSection } from "./section.ts";
