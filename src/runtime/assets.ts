/**
 * Where the program finds its own parts: worker scripts, bundled files, its version, and itself.
 *
 * There are three forms: from source (`deno run main.ts`), one file by `deno compile`, and the portable
 * single file, where this file is part of a bundle that lies two folders deep, and workers lie below that folder.
 *
 * Invariants:
 * 1. Relative to this module's URL, the root of the program is two levels up in every form.
 * 2. Importing this file costs nothing: no environment, disk or permission is touched until a function asks.
 */
import config from "../../deno.json" with { type: "json" };
import { fileURLToPath } from "node:url";

/** Worker scripts by name: the path from the root, without its ending. The executable bundles each of them. */
export const workerEntries = {
  sandbox: "src/sandbox/worker",
  engine: "src/runtime/engine_worker",
  reader: "src/runtime/views/reader_worker",
  model: "src/model/worker",
  replay: "src/runtime/replay/worker",
  checkpoint: "src/runtime/checkpoint/worker",
} as const satisfies Readonly<Record<string, string>>;

/** The name of a worker script. */
export type WorkerName = keyof typeof workerEntries;

/** How this program was built: from source, by `deno compile`, or as the portable single file. */
export type BuildKind = "source" | "deno-compile" | "portable";

/** Facts for `--version` and `info`. */
export interface BuildInfo {
  readonly version: string;
  readonly build: BuildKind;
  readonly denoVersion: string;
  readonly v8: string;
  /** Target triple, such as `x86_64-unknown-linux-gnu`. */
  readonly platform: string;
}

/** A program and the arguments that come before a command's own. */
export interface SelfCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const root = new URL("../../", import.meta.url);
const isBundle = import.meta.url.endsWith(".js");

/** The folder that holds the program's files, with a slash at its end. */
export function assetRoot(): URL {
  return new URL(root);
}

/** The URL of a bundled file; `path` is relative to the root, such as `agents/hello/hello.wasm`. */
export function assetUrl(path: string): URL {
  return new URL(path, root);
}

/** The URL to start a worker from. */
export function workerUrl(name: WorkerName): URL {
  return isBundle
    ? new URL(`${workerEntries[name]}.js`, import.meta.url)
    : assetUrl(`${workerEntries[name]}.ts`);
}

/** Version, kind of build, engine versions and platform. */
export function buildInfo(): BuildInfo {
  return {
    version: config.version,
    build: isBundle ? "portable" : Deno.build.standalone ? "deno-compile" : "source",
    denoVersion: Deno.version.deno,
    v8: Deno.version.v8,
    platform: Deno.build.target,
  };
}

/**
 * The path of the file a person starts: the executable, or main.ts when run from source.
 *
 * The portable form's launcher passes its own path in `ENGRAMLT_EXE`; other forms ignore that variable.
 */
export function executablePath(): string {
  const { command, args } = selfCommand();
  return args.at(-1) ?? command;
}

/** How to start this program again: append a command's arguments. */
export function selfCommand(): SelfCommand {
  if (isBundle) return { command: Deno.env.get("ENGRAMLT_EXE") ?? Deno.execPath(), args: [] };
  if (Deno.build.standalone) return { command: Deno.execPath(), args: [] };
  const main = fileURLToPath(assetUrl("main.ts"));
  const configPath = fileURLToPath(assetUrl("deno.json"));
  return {
    command: Deno.execPath(),
    args: ["run", "--quiet", "--no-prompt", "-A", `--config=${configPath}`, main],
  };
}
