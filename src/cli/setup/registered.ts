/**
 * The command that clients are told to start: this program, by a path that stays.
 *
 * Invariant: never a path below a cache: what lies there is gone one day, and the assistant's memory with it.
 */
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { EngramError } from "../../kernel/errors.ts";
import { buildInfo, selfCommand } from "../../runtime/assets.ts";
import type { Started } from "./clients.ts";

/** The program, and what a person should know about it, or null. */
export interface Registered {
  readonly program: Started;
  readonly says: string | null;
}

const inCache = (path: string): boolean =>
  /[\\/](?:_npx|_cacache|\.npm|\.cache|Caches|node_modules|DENO_DIR)[\\/]/i.test(path);

/** How this program is started by others. Refuses where its file lies in a cache. */
export function registered(): Registered {
  const { command, args } = selfCommand();
  if (buildInfo().build === "source") {
    const program = inCache(command)
      ? { command: "npx", args: ["-y", `deno@${Deno.version.deno}`, ...args] }
      : {
        command,
        args,
      };
    return { program, says: `Registered from source: it runs as long as ${args.at(-1)} stays where it is` };
  }
  const path = resolve(command);
  if (inCache(path)) {
    throw new EngramError(
      "usage",
      `Cannot register ${path}: it lies in a cache, which is emptied one day`,
      {},
      "Copy the executable to where it can stay, such as ~/.local/bin, and run setup from there",
    );
  }
  const isTemporary = path.startsWith(resolve(tmpdir()));
  return {
    program: { command: path, args },
    says: isTemporary
      ? `${path} lies in a temporary folder: move it to where it can stay, and run setup again from there`
      : null,
  };
}
