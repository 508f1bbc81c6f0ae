/**
 * Starts the host of a data folder as a process of its own, where none runs.
 *
 * Invariants:
 * 1. However many start one at once, one host comes of it: one of them may start it, and waits until it is ready; the
 *    folder's lock decides in the end, and a host too many ends at once.
 * 2. A starter that is killed lets another start, and leaves a host that runs or none; a host that is killed while it begins is started again.
 * 3. Why no host comes is told in the host's own words.
 */
import { lookForHost } from "../../api/find_host.ts";
import { EngramError } from "../../kernel/errors.ts";
import { selfCommand } from "../../runtime/assets.ts";
import { dataPaths, exists, type HostFile, lockStart } from "../../runtime/data_folder.ts";
import { homeFolder } from "../../runtime/platform.ts";

/** For a host to be ready, in ms; one that stops meanwhile is waited for. */
const readyWaitMsMax = 60_000;
/** Between two looks, in ms. */
const lookPauseMs = 30;
/** Hosts started in a row that ended without being ready. */
const startsMax = 5;

/** The folder's host, after starting one where none runs. */
export async function connectOrStart(data: string): Promise<HostFile> {
  const end = performance.now() + readyWaitMsMax;
  let right: Deno.FsFile | null = null;
  let starting: Promise<void> | null = null;
  let starts = 0;
  const failure: { error: EngramError | null } = { error: null };
  try {
    while (performance.now() < end) {
      const { host, isFree } = await look(data);
      if (host !== null) return host;
      if (failure.error !== null) throw failure.error;
      if (isFree) right ??= lockStart(dataPaths(data));
      if (isFree && right !== null && starting === null) {
        if (++starts > startsMax) break;
        starting = spawnHost(data).then((error) => {
          starting = null;
          failure.error = error;
        });
      }
      await new Promise((resolve) => setTimeout(resolve, lookPauseMs));
    }
  } finally {
    right?.close();
  }
  throw new EngramError(
    "host_unreachable",
    `Cannot start a host on data folder ${data}: it did not answer`,
    { starts },
    "engramlt logs shows what it said; engramlt up starts one where you see it",
  );
}

/** The folder's host; where there is none, whether nobody has the folder. */
async function look(data: string): Promise<{ readonly host: HostFile | null; readonly isFree: boolean }> {
  try {
    const found = await lookForHost(data, { lockWaitMsMax: 0 });
    return { host: found?.host ?? null, isFree: found === null };
  } catch (error) {
    // Somebody has it: a host that begins or ends, or a command that is soon done.
    if (error instanceof EngramError && error.code === "data_folder_in_use") {
      return { host: null, isFree: false };
    }
    throw error;
  }
}

/**
 * Starts a host; resolves when it has ended, with why it can't run, or null where another may. It does not wait for a
 * folder that another has: of ten that are started at once nine end at once, and none of them becomes the host later,
 * when the first is told to stop.
 */
async function spawnHost(data: string): Promise<EngramError | null> {
  const { command, args } = selfCommand();
  const home = homeFolder();
  const child = new Deno.Command(command, {
    args: [...args, "host", "--data", data, "--json", "--lock-wait-ms", "0"],
    stdin: "null",
    stdout: "null",
    stderr: "piped", // read for why it ended; once it is ready the host writes nothing there
    detached: true,
    ...(home === null || !exists(home) ? {} : { cwd: home }), // a client's folder may go while the host runs
  }).spawn();
  child.unref();
  const said = new Response(child.stderr).text();
  const { code } = await child.status;
  if (code === 0) return null; // it ran, and has ended since
  const error = refusalIn(await said);
  return error === null || error.code === "data_folder_in_use" ? null : error;
}

/** The refusal that a command told by --json, or null. */
function refusalIn(text: string): EngramError | null {
  const line = text.trim().split("\n").at(-1) ?? "";
  try {
    const value: unknown = JSON.parse(line);
    const isError = typeof value === "object" && value !== null && "error" in value;
    return isError ? EngramError.fromJSON(value.error) : null;
  } catch {
    return null; // it was killed, or had a fault: another is started
  }
}
