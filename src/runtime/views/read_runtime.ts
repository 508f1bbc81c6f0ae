/**
 * A port to a folder in which nothing can be written: every view is answered, every command is refused with the reason.
 */
import type { EngramError } from "../../kernel/mod.ts";
import { openLog, realDisk } from "../../log/mod.ts";
import { dataPaths, exists, lockToRead } from "../data_folder.ts";
import { entryOf } from "../entries.ts";
import { MemoryViews } from "./in_memory.ts";
import type { Port, RuntimeEvent, View, ViewResults } from "../port.ts";
import { logView } from "./views.ts";

/**
 * Opens a folder to read, where opening it to write was refused for `why`, which every command then is. Throws `why`
 * where there is no log to read; errors besides: `data_folder_in_use`, those of reading.
 */
export function openToRead(data: string, why: EngramError): Port {
  const paths = dataPaths(data);
  if (!exists(paths.log)) throw why;
  const lock = lockToRead(paths);
  const disk = realDisk(paths.root);
  let log: ReturnType<typeof openLog> | null = null;
  try {
    const opened = log = openLog(disk, { readOnly: true });
    if (opened.next === 0) throw why;
    const views = new MemoryViews({ paths, disk, log: opened });
    const live = { workers: 0, executionMs: 0, inbox: 0, restored: null };
    return {
      where: "here",
      refuses: why,
      submit: () => Promise.reject(why),
      view<V extends View>(view: V): Promise<ViewResults[V["view"]]> {
        try {
          const found = views.view(view, live);
          return found === null ? Promise.reject(why) : Promise.resolve(found);
        } catch (error) {
          return Promise.reject(error);
        }
      },
      async *events(from: number, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
        for (let next = Math.max(0, from); next < opened.next && !signal.aborted; next++) {
          const { body, hash } = opened.read(next);
          yield { event: "tick", entry: logView(entryOf(body), hash) };
        }
        if (!signal.aborted) {
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        }
      },
      idle: () => Promise.resolve(),
      close() {
        views.close();
        opened.close();
        lock?.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    log?.close();
    lock?.close();
    throw error;
  }
}
