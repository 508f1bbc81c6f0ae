/**
 * What differs by platform: default folders, file modes, signals. Written for Linux, macOS and Windows.
 */

/** The operating system. */
export const os: typeof Deno.build.os = Deno.build.os;

/** The value of a variable of the environment; null where it is not set or empty. */
function variable(name: string): string | null {
  const value = Deno.env.get(name);
  return value === undefined || value === "" ? null : value;
}

/** The user's home folder, or null where no variable names it. */
export function homeFolder(): string | null {
  return os === "windows" ? variable("USERPROFILE") ?? variable("HOME") : variable("HOME");
}

/** The user's data folder for engramlt: XDG_DATA_HOME, ~/Library/Application Support, or %LOCALAPPDATA%. */
export function defaultDataFolder(): string | null {
  const home = variable("HOME") ?? variable("USERPROFILE");
  if (os === "windows") {
    const local = variable("LOCALAPPDATA");
    return local === null ? null : `${local}\\engramlt`;
  }
  if (os === "darwin") return home === null ? null : `${home}/Library/Application Support/engramlt`;
  const xdg = variable("XDG_DATA_HOME");
  if (xdg?.startsWith("/")) return `${xdg}/engramlt`; // its specification: a relative one is ignored
  return home === null ? null : `${home}/.local/share/engramlt`;
}

/** Keeps a file or folder to its owner. On Windows the user's profile folder already does. */
export function makePrivate(path: string, what: "file" | "folder"): void {
  if (os !== "windows") Deno.chmodSync(path, what === "file" ? 0o600 : 0o700);
}

/** ms for the shell to say how many files may be open. */
const filesWaitMsMax = 2000;

/**
 * How many files this process may have open at once; null where nobody says. The executable's launcher tells it, else the
 * shell: what the kernel says of a process may be read by those alone who may do everything.
 */
export async function openFilesMax(): Promise<number | null> {
  const told = Number(variable("ENGRAMLT_FILES_MAX") ?? "");
  if (Number.isSafeInteger(told) && told > 0) return told;
  if (os === "windows") return null;
  try {
    const shell = new Deno.Command("/bin/sh", {
      args: ["-c", "ulimit -n"],
      stdin: "null",
      signal: AbortSignal.timeout(filesWaitMsMax),
    });
    const { success, stdout } = await shell.output();
    const most = Number(new TextDecoder().decode(stdout).trim());
    return success && Number.isSafeInteger(most) && most > 0 ? most : null; // "unlimited" is no number
  } catch {
    return null; // no shell, or none that may be run: nobody says
  }
}

/** Whether an error says that no further file can be opened now. */
export function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EMFILE" || error.code === "ENFILE");
}

/** Signals that end a host cleanly. */
export const stopSignals: readonly Deno.Signal[] = os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];
