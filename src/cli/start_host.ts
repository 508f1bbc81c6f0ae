/** Starts the host of a data folder as a process of its own, where none runs. */
import { findHost } from "../api/mod.ts";
import { EngramError } from "../kernel/errors.ts";
import { selfCommand } from "../runtime/assets.ts";
import { dataPaths, readHostFile } from "../runtime/data_folder.ts";

/** For a host to be ready, in ms. */
const readyWaitMsMax = 20_000;
/** Between two looks, in ms. */
const lookPauseMs = 30;

/** The address of the folder's host, after starting one where none runs. Ten at once make one host. */
export async function connectOrStart(data: string, _options: { readonly detached: true }): Promise<string> {
  const end = performance.now() + readyWaitMsMax;
  let isStarting = false;
  while (performance.now() < end) {
    const port = await findHost(data);
    if (port !== null) {
      await port.close();
      const address = readHostFile(dataPaths(data))?.address;
      if (address !== undefined) return address;
    } else if (!isStarting) {
      isStarting = true;
      spawnHost(data).finally(() => isStarting = false); // it lost to another, or to a command that had the folder
    }
    await new Promise((resolve) => setTimeout(resolve, lookPauseMs));
  }
  throw new EngramError("host_unreachable", `Cannot start a host on data folder ${data}: it did not answer`);
}

/**
 * Starts a host; resolves when it has ended. It does not wait for a folder that another has: of ten that are started at
 * once nine end at once, and none of them becomes the host later, when the first is told to stop.
 */
async function spawnHost(data: string): Promise<void> {
  const { command, args } = selfCommand();
  const child = new Deno.Command(command, {
    args: [...args, "up", "--data", data, "--quiet", "--lock-wait-ms", "0"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  child.unref();
  await child.status;
}
