/** Repair of a folder's log, with the folder held: nobody else may have it open. */
import { EngramError } from "../kernel/mod.ts";
import { realDisk, repairLog, type RepairReport } from "../log/mod.ts";
import { dataPaths, exists, lockFolder } from "./data_folder.ts";

export type { RepairReport } from "../log/mod.ts";

/**
 * Finds the first damage of a folder's log; with `cut`, copies what stands from there on aside and cuts it.
 * Errors: `data_folder_in_use`, `file_not_found`, `data_folder_newer`, `disk_full`, `io_failed`.
 */
export function repairFolder(options: { readonly data: string; readonly cut: boolean }): RepairReport {
  const paths = dataPaths(options.data);
  if (!exists(paths.log)) {
    throw new EngramError("file_not_found", `Cannot repair the log: there is none in ${paths.root}`);
  }
  const lock = lockFolder(paths);
  if (lock === null) {
    throw new EngramError(
      "data_folder_in_use",
      `Cannot repair the log of ${paths.root}: another process owns it`,
    );
  }
  try {
    return repairLog(realDisk(paths.root), { cut: options.cut });
  } finally {
    lock.close();
  }
}
