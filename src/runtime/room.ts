import { statfsSync } from "node:fs";

/** Bytes that are free to this user on the disk of a folder. */
export function roomBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
