/** Starts the host of a data folder as a process of its own, where none runs. */
import { findHost } from "../api/mod.ts";
import { EngramError } from "../kernel/errors.ts";
import { selfCommand } from "../runtime/assets.ts";
import { dataPaths, readHostFile } from "../runtime/data_folder.ts";

/** For a host to be ready, in ms. */
const readyWaitMsMax = 20_000;

/** The address of the folder's host, after starting one where none runs. Ten at once make one host. */
export async function connectOrStart(data: string, _options: { readonly detached: true }): Promise<string> {
  const { command, args } = selfCommand();
  const end = performance.now() + readyWaitMsMax;
  let started = false;
  while (performance.now() < end) {
    const port = await findHost(data);
    if (port !== null) {
      await port.close();
      const address = readHostFile(dataPaths(data))?.address;
      if (address !== undefined) return address;
    } else if (!started) {
      started = true;
      // One that finds the folder taken ends by itself; whichever took it is the host.
      new Deno.Command(command, {
        args: [...args, "up", "--data", data, "--quiet"],
        stdin: "null",
        stdout: "null",
        stderr: "null",
        detached: true,
      }).spawn().unref();
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new EngramError("host_unreachable", `Cannot start a host on data folder ${data}: it did not answer`);
}
