/** The append-only log: entries, codec, hash chain, segments, blobs, torn tails; an in-memory disk for simulation. */

export { type Blobs, blobsFolder, openBlobs } from "./blobs.ts";
export {
  type Body,
  type DecodedEntry,
  decodeEntry,
  digestBytes,
  type EncodedEntry,
  encodeEntry,
  payloadDigest,
  problem,
  saltBytes,
  sameBytes,
  sha256,
  sha256Hex,
  stateHash,
  type StoredPayload,
  toHex,
} from "./codec.ts";
export { type Disk, type DiskFile, type DiskOpen, ioRefusal, realDisk } from "./disk.ts";
export { formatVersion } from "./frame.ts";
export {
  type Log,
  logDefaults,
  type LogEntry,
  type LogOptions,
  type LogReport,
  type LogVerdict,
  type OpenLog,
  openLog,
} from "./log.ts";
export { type CrashOptions, type DiskFaults, MemoryDisk } from "./memory_disk.ts";
export { asideFolder, erasePayloads, type Erasure, repairLog, type RepairReport } from "./repair.ts";
export { logFolder } from "./segment.ts";
export type { LogPlace } from "./walk.ts";
export { type BesidePayload, decodeSection, encodeSection } from "./section.ts";
