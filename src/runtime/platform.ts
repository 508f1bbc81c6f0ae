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
  if (xdg !== null) return `${xdg}/engramlt`;
  return home === null ? null : `${home}/.local/share/engramlt`;
}

/** Keeps a file or folder to its owner. On Windows the user's profile folder already does. */
export function makePrivate(path: string, what: "file" | "folder"): void {
  if (os !== "windows") Deno.chmodSync(path, what === "file" ? 0o600 : 0o700);
}

/** Signals that end a host cleanly. */
export const stopSignals: readonly Deno.Signal[] = os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];
