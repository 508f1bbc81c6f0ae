/**
 * `deno task compile`: makes dist/engramlt, the one executable file, and dist/engramlt.json, which describes it.
 *
 * The file is made by `deno compile` where its runtime (denort) can be had, else as the portable single file:
 * a small launcher and a compressed payload of the same layout (scripts/launcher). `--kind` forces one form.
 *
 * Invariants:
 * 1. The same inputs give the same portable file, byte for byte; an up-to-date file is not built again.
 * 2. dist/engramlt takes its name only after it answered `--version`.
 */
import { join, resolve } from "node:path";
import config from "../deno.json" with { type: "json" };
import {
  collectFiles,
  currentPlatform,
  exists,
  inputsHash,
  nativeFiles,
  root,
  unusedPackageFiles,
} from "./launcher/collect.ts";
import {
  bundleSources,
  launchArguments,
  packageAssets,
  permissionFlags,
  permissions,
} from "./launcher/layout.ts";
import { type MemberCache, packPayload, sha256Hex } from "./launcher/payload.ts";
import { assemblePortable, findCompiler, type LauncherKind } from "./launcher/portable.ts";

/** How the file was made. */
export type ExecutableKind = "deno-compile" | LauncherKind;

/** The content of dist/engramlt.json. `inputs` is the hash of what it was built from. */
export interface ExecutableFacts {
  readonly version: string;
  readonly platform: string;
  readonly kind: ExecutableKind;
  readonly sha256: string;
  readonly size: number;
  readonly inputs: string;
}

/** What to build, and where to. */
export interface CompileOptions {
  /** `auto`: deno-compile if it can be had, else portable. `portable`: by C if there is a compiler. */
  readonly kind: ExecutableKind | "auto" | "portable";
  readonly output: string;
  readonly force: boolean;
  readonly say: (line: string) => void;
}

const kinds = ["auto", "portable", "deno-compile", "portable-c", "portable-sh"] as const;
/** Where the executable lies. */
export const defaultOutput: string = join(root, "dist/engramlt");
const isMissing = (error: unknown) => error instanceof Deno.errors.NotFound;

/** Reads the description of a built file; `null` if there is none or it does not describe the file. */
function readFacts(output: string): ExecutableFacts | null {
  try {
    const facts: unknown = JSON.parse(Deno.readTextFileSync(`${output}.json`));
    if (!isFacts(facts)) return null;
    return sha256Hex(Deno.readFileSync(output)) === facts.sha256 ? facts : null;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

function isFacts(value: unknown): value is ExecutableFacts {
  return typeof value === "object" && value !== null &&
    "version" in value && typeof value.version === "string" &&
    "platform" in value && typeof value.platform === "string" &&
    "kind" in value && kinds.some((kind) => kind === value.kind) &&
    "sha256" in value && typeof value.sha256 === "string" &&
    "size" in value && typeof value.size === "number" &&
    "inputs" in value && typeof value.inputs === "string";
}

const suits = (kind: ExecutableKind, wanted: CompileOptions["kind"]) =>
  wanted === "auto" || kind === wanted || (wanted === "portable" && kind !== "deno-compile");

/** Compressed parts of earlier builds: the runtime does not change between them. Only those used are kept. */
class FolderCache implements MemberCache {
  readonly #folder: string;
  readonly #used = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
    Deno.mkdirSync(folder, { recursive: true });
  }

  get(key: string): Uint8Array | undefined {
    this.#used.add(key);
    try {
      return Deno.readFileSync(join(this.#folder, key));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  set(key: string, member: Uint8Array): void {
    const part = join(this.#folder, `${key}.${Deno.pid}.tmp`);
    Deno.writeFileSync(part, member);
    Deno.renameSync(part, join(this.#folder, key));
  }

  prune(): void {
    for (const { name } of Deno.readDirSync(this.#folder)) {
      if (!this.#used.has(name) && !name.endsWith(".tmp")) Deno.removeSync(join(this.#folder, name));
    }
  }
}

/** Flags for `deno compile`. The place of native files and of the program is not known yet: those kinds are whole. */
function denoCompileFlags(output: string): string[] {
  const workers = bundleSources.filter((source) => source !== "main.ts" && exists(join(root, source)));
  return [
    "compile",
    "--quiet",
    "--no-check",
    "--no-prompt",
    "--self-extracting",
    ...config.unstable.map((feature) => `--unstable-${feature}`),
    ...permissionFlags(permissions(null, null)),
    ...[...workers, "agents", ...packageAssets].map((path) => `--include=${path}`),
    ...unusedPackageFiles(currentPlatform()).map((path) => `--exclude=${path}`),
    `--output=${output}`,
    "main.ts",
  ];
}

/** Runs `deno compile`; says why not, or `null` when the file was made. */
async function compileByDeno(output: string): Promise<string | null> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: denoCompileFlags(output),
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return null;
  return new TextDecoder().decode(stderr).trim();
}

/** Whether a failure of `deno compile` says that its runtime could not be fetched. */
export function isRuntimeMissing(stderr: string): boolean {
  return /Setting up base binary|denort/.test(stderr);
}

async function compilePortable(
  output: string,
  sh: boolean,
  say: (line: string) => void,
): Promise<LauncherKind> {
  const compiler = sh ? null : await findCompiler();
  const files = await collectFiles(currentPlatform());
  const cache = new FolderCache(join(root, "dist/.cache"));
  const payload = packPayload(files, cache);
  cache.prune();
  const { kind, parts } = await assemblePortable(payload, launchArguments(nativeFiles(files)), compiler);
  await Deno.writeFile(output, new Uint8Array());
  for (const part of parts) await Deno.writeFile(output, part, { append: true });
  await Deno.chmod(output, 0o755);
  say(
    `${files.length} files in ${
      kind === "portable-c" ? `a launcher built by ${compiler}` : "a shell launcher"
    }`,
  );
  return kind;
}

/** Starts the file once, in a cache folder of its own; it must give its version. */
async function probe(path: string): Promise<void> {
  const cache = await Deno.makeTempDir({ prefix: "engramlt-probe-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(path, {
      args: ["--version"],
      env: { ENGRAMLT_CACHE: cache },
    }).output();
    const text = new TextDecoder().decode(stdout);
    if (!success || !text.includes(config.version)) {
      throw new Error(`Cannot use the file: --version said ${text}${new TextDecoder().decode(stderr)}`);
    }
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** The description of the executable at `output` if it was built from the inputs as they are now, else `null`. */
export function upToDate(output: string): ExecutableFacts | null {
  const facts = readFacts(output);
  return facts?.inputs === inputsHash() ? facts : null;
}

/** Builds the executable, or finds that the one there is up to date. */
export async function compile(options: CompileOptions): Promise<ExecutableFacts> {
  const { kind: wanted, output, say } = options;
  const inputs = inputsHash();
  const known = options.force ? null : upToDate(output);
  if (known && suits(known.kind, wanted)) {
    say(`${output} is up to date`);
    return known;
  }
  await Deno.mkdir(join(output, ".."), { recursive: true });
  const part = `${output}.${Deno.pid}.tmp`;
  let kind: ExecutableKind = "deno-compile";
  try {
    const failure = wanted === "auto" || wanted === "deno-compile" ? await compileByDeno(part) : "";
    if (failure !== null) {
      if (wanted === "deno-compile" || (wanted === "auto" && !isRuntimeMissing(failure))) {
        throw new Error(`Cannot compile: ${failure}`);
      }
      if (wanted === "auto") {
        say("deno compile has no runtime here (denort is neither in the cache nor to be fetched):");
        say("making the portable single file instead");
      }
      kind = await compilePortable(part, wanted === "portable-sh", say);
      if (wanted === "portable-c" && kind !== "portable-c") {
        throw new Error("Cannot compile: no C compiler found");
      }
    }
    await probe(part);
    const bytes = await Deno.readFile(part);
    const facts: ExecutableFacts = {
      version: config.version,
      platform: Deno.build.target,
      kind,
      sha256: sha256Hex(bytes),
      size: bytes.length,
      inputs,
    };
    await Deno.rename(part, output);
    await Deno.writeTextFile(`${output}.json`, JSON.stringify(facts, null, 2) + "\n");
    return facts;
  } finally {
    await Deno.remove(part).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
}

function parseArguments(args: readonly string[]): CompileOptions {
  let kind: CompileOptions["kind"] = "auto";
  let output = defaultOutput;
  for (const arg of args) {
    const [flag, value] = arg.split("=", 2);
    const known = kinds.find((name) => name === value);
    if (flag === "--kind" && known) kind = known;
    else if (flag === "--output" && value) output = resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), value);
    else if (arg !== "--force") {
      throw new TypeError(`Cannot read "${arg}": use --kind=${kinds.join("|")}, --output=PATH, --force`);
    }
  }
  return { kind, output, force: args.includes("--force"), say: (line) => console.error(line) };
}

if (import.meta.main) {
  const started = performance.now();
  const options = parseArguments(Deno.args);
  const facts = await compile(options);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${options.output}  ${facts.kind}  ${(facts.size / 1e6).toFixed(1)} MB  ${
      facts.sha256.slice(0, 16)
    }  ${seconds} s`,
  );
}
