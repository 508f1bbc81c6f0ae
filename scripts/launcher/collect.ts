/**
 * Collects what the executable holds: the runtime, bundled scripts, assets, and packages with native files,
 * only for this platform. Also the hash of all inputs, by which a build is known to be up to date.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { bundleFolder, bundleSources, developmentPackages, nativePackages, packageAssets } from "./layout.ts";
import { type PayloadFile, sha256Hex } from "./payload.ts";

/** The repository root, an absolute path. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A platform in npm's words. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc: "glibc" | "musl" | null;
}

/** The platform of the runtime that runs this script. */
export function currentPlatform(): Platform {
  const { os, arch, env } = Deno.build;
  return {
    os: os === "windows" ? "win32" : os,
    cpu: arch === "x86_64" ? "x64" : "arm64",
    libc: os !== "linux" ? null : env === "musl" ? "musl" : "glibc",
  };
}

/** What this needs of a package.json. */
interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly os: readonly string[];
  readonly cpu: readonly string[];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

function readPackage(folder: string): PackageFacts {
  const parsed: unknown = JSON.parse(Deno.readTextFileSync(join(folder, "package.json")));
  if (!isRecord(parsed) || typeof parsed.name !== "string" || typeof parsed.version !== "string") {
    throw new TypeError(`Cannot read ${folder}/package.json: it has no name or version`);
  }
  const keys = (value: unknown) => isRecord(value) ? Object.keys(value) : [];
  return {
    name: parsed.name,
    version: parsed.version,
    dependencies: [...keys(parsed.dependencies), ...keys(parsed.optionalDependencies)],
    os: strings(parsed.os),
    cpu: strings(parsed.cpu),
  };
}

/** Whether a package with these facts is of use on the platform. The C library is told by the name's ending. */
export function suitsPlatform(
  facts: Pick<PackageFacts, "name" | "os" | "cpu">,
  platform: Platform,
): boolean {
  const allows = (list: readonly string[], value: string) =>
    list.length === 0 || (list.includes(value) && !list.includes(`!${value}`));
  const libc = /[-.](musl|gnu|musleabihf|gnueabihf)$/.exec(facts.name)?.[1];
  const libcSuits = platform.libc === null || libc === undefined ||
    libc.startsWith("musl") === (platform.libc === "musl");
  return allows(facts.os, platform.os) && allows(facts.cpu, platform.cpu) && libcSuits;
}

/** Whether a package's file is shipped: no types, maps or prose but the licence, no other platform's binaries. */
export function isShipped(path: string, platform: Platform): boolean {
  const napi = /(?:^|\/)bin\/napi-v\d+\/([^/]+)\/([^/]+)\//.exec(path);
  if (napi) return napi[1] === platform.os && napi[2] === platform.cpu;
  if (/(^|\/)licen[cs]e/i.test(path)) return true;
  return !/\.(d\.[cm]?ts|[cm]?ts|map|md|markdown)$/i.test(path);
}

/** Every file below a folder as paths relative to it, sorted; `skip` names folders that are left out. */
function listFiles(folder: string, skip: ReadonlySet<string> = new Set(["node_modules"])): string[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const entry of Deno.readDirSync(path)) {
      if (entry.isDirectory && !skip.has(entry.name)) walk(join(path, entry.name));
      if (entry.isFile) found.push(relative(folder, join(path, entry.name)).replaceAll("\\", "/"));
    }
  };
  if (exists(folder)) walk(folder);
  return found.sort();
}

/** Whether something has this path. */
export function exists(path: string): boolean {
  return Deno.statSync(dirname(path)).isDirectory &&
    [...Deno.readDirSync(dirname(path))].some((entry) => entry.name === basename(path));
}

/** A package's real folder as its dependent sees it: beside it, or in a node_modules further up. */
function findPackage(name: string, from: string): string | null {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      return Deno.realPathSync(join(folder, "node_modules", name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) && !(error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
    }
  }
  return null;
}

interface InstalledPackage {
  readonly folder: string;
  readonly facts: PackageFacts;
}

const shippedPackages = (): string[] => nativePackages.filter((name) => Object.hasOwn(config.imports, name));

/** The native packages with all they depend on; optional ones that were not installed are passed over. */
function installedPackages(): InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  const visit = (name: string, from: string, required: boolean) => {
    const folder = findPackage(name, from);
    if (folder === null) {
      if (required) throw new Error(`Cannot pack ${name}: it is not installed, run deno install first`);
      return;
    }
    const known = found.get(name);
    if (known && known.folder !== folder) throw new Error(`Cannot pack ${name}: two versions are installed`);
    if (known) return;
    const facts = readPackage(folder);
    found.set(name, { folder, facts });
    for (const dependency of facts.dependencies) visit(dependency, folder, false);
  };
  for (const name of shippedPackages()) visit(name, root, true);
  return [...found.values()];
}

/** Files that the program cannot use, for `deno compile --exclude`: other platforms' and development packages'. */
export function unusedPackageFiles(platform: Platform): string[] {
  const foreign = installedPackages().flatMap(({ folder, facts }) => {
    const suits = suitsPlatform(facts, platform);
    const isUnused = (file: string) => !suits || (/\/napi-v\d+\//.test(file) && !isShipped(file, platform));
    return listFiles(folder).filter(isUnused).map((file) => join(folder, file));
  });
  const development = developmentPackages.flatMap((name) => {
    const folder = findPackage(name, root);
    return folder === null ? [] : listFiles(folder).map((file) => join(folder, file));
  });
  return [...foreign, ...development];
}

/**
 * Two packages by which libsql's loader asks the machine at each start what platform it runs on. The executable holds
 * the natives of one platform, so the answer is written down in their place.
 */
function knownPlatform(name: string, { os, cpu, libc }: Platform): string | null {
  const suffix = libc === null ? "" : libc === "glibc" ? "-gnu" : "-musl";
  const target = `${os}-${cpu}${os === "win32" ? "-msvc" : suffix}`;
  if (name === "@neon-rs/load") {
    return `"use strict";\nexports.currentTarget = () => ${JSON.stringify(target)};\n`;
  }
  if (name === "detect-libc") {
    return `"use strict";\nexports.GLIBC = "glibc";\nexports.MUSL = "musl";\n` +
      `exports.familySync = () => ${JSON.stringify(libc)};\n`;
  }
  return null;
}

function packageFiles(platform: Platform): PayloadFile[] {
  return installedPackages().filter(({ facts }) => suitsPlatform(facts, platform)).flatMap((
    { folder, facts },
  ) => {
    const place = `app/node_modules/${facts.name}`;
    const known = knownPlatform(facts.name, platform);
    if (known !== null) {
      const encode = (text: string) => new TextEncoder().encode(text);
      const description = JSON.stringify({ name: facts.name, version: facts.version, main: "index.js" });
      return [
        { path: `${place}/package.json`, bytes: encode(description) },
        { path: `${place}/index.js`, bytes: encode(known) },
      ];
    }
    return listFiles(folder).filter((file) => isShipped(file, platform)).map((file) => ({
      path: `${place}/${file}`,
      bytes: Deno.readFileSync(join(folder, file)),
    }));
  });
}

/** Paths, relative to `app/`, of the native files that may be loaded. */
export function nativeFiles(files: readonly PayloadFile[]): string[] {
  return files.map((file) => file.path.slice("app/".length)).filter((path) => path.endsWith(".node"));
}

/** Files that the program reads at run time, relative to the root. */
function assetPaths(): string[] {
  const isAsset = (path: string) =>
    /^(demo|sdk)\//.test(path) ||
    (/\.(wasm|json|ya?ml|md)$/.test(path) && !/(^|\/)(package(-lock)?|asconfig|tsconfig)\.json$/.test(path));
  const skip = new Set(["node_modules", "build"]);
  return [
    ...listFiles(join(root, "agents"), skip).filter(isAsset).map((path) => `agents/${path}`),
    ...listFiles(join(root, "src")).filter((path) => !path.endsWith(".ts")).map((path) => `src/${path}`),
    ...packageAssets,
  ];
}

/** The bundler's minifier drops the declaration `using x = …` where x is read once, and with it what it would close. */
function checkUsing(): void {
  for (const path of ["main.ts", ...listFiles(join(root, "src")).map((path) => `src/${path}`)]) {
    if (!path.endsWith(".ts") || !/^\s*(await )?using \w/m.test(Deno.readTextFileSync(join(root, path)))) {
      continue;
    }
    throw new Error(
      `Cannot bundle ${path}: it declares with "using", which the minifier drops; use try and finally`,
    );
  }
}

/**
 * Bundles main.ts and the worker scripts together: what several need stands in chunks beside main.js, and what is
 * imported at run time is loaded then. A worker whose source is not there yet is left out.
 */
async function bundleAll(): Promise<PayloadFile[]> {
  checkUsing();
  const folder = await Deno.makeTempDir({ prefix: "engramlt-bundle-" });
  try {
    const sources = bundleSources.filter((source) => source === "main.ts" || exists(join(root, source)));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--platform=deno",
        "--minify",
        "--code-splitting",
        ...shippedPackages().map((name) => `--external=${name}`),
        `--outdir=${folder}`,
        ...sources,
      ],
      cwd: root,
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`Cannot bundle: ${new TextDecoder().decode(stderr)}`);
    const files = listFiles(folder).map((path) => ({
      path: `app/${bundleFolder}/${path}`,
      bytes: Deno.readFileSync(join(folder, path)),
    }));
    checkRoot(files);
    return lightened(files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** In the place of a chunk of nothing: it is imported all the same, and an empty file can't be packed. */
const emptyChunk = new TextEncoder().encode(";\n");

/**
 * The same scripts, of which less is loaded at a start:
 * - Before the first line runs, the runtime loads every script that an `import()` names in so many words; what is
 *   imported at run time shall be loaded then.
 * - The bundler's helper for CommonJS loads all of node:module, and is imported by chunks that use nothing of it. It
 *   does nothing by itself, so an import of nothing from it is left out.
 */
export function lightened(files: readonly PayloadFile[]): PayloadFile[] {
  const texts = files.map(({ path, bytes }) => ({ path, text: new TextDecoder().decode(bytes) }));
  const helpers = texts.filter(({ text }) => text.includes("createRequire as __deno_internal_createRequire"))
    .map(({ path }) => path.split("/").at(-1) ?? "");
  return texts.map(({ path, text }) => {
    const late = text.replaceAll(/\bimport\(("\.\/[\w-]+\.js")\)/g, "import((0,$1))");
    const light = helpers.reduce((so, name) => so.replaceAll(`import"./${name}";`, ""), late);
    return { path, bytes: light === "" ? emptyChunk : new TextEncoder().encode(light) };
  });
}

/** src/runtime/assets.ts finds the program's root from its own place: its chunk must stand beside main.js. */
function checkRoot(files: readonly PayloadFile[]): void {
  const holders = files.filter(({ bytes }) =>
    new TextDecoder().decode(bytes).includes('"../../",import.meta.url')
  )
    .map(({ path }) => path);
  if (holders.length === 1 && dirname(holders[0] ?? "") === `app/${bundleFolder}`) return;
  throw new Error(
    `Cannot bundle: assets.ts must lie in one chunk beside main.js, not in [${holders.join(", ")}]`,
  );
}

/** The licences of the bundled packages in one file, as they ask for. */
function licenses(): Uint8Array {
  const bundled = Object.keys(config.imports).filter((name) => !developmentPackages.includes(name));
  const texts = bundled.flatMap((name) => {
    const folder = findPackage(name, root);
    if (folder === null) return [];
    return listFiles(folder).filter((file) => /^licen[cs]e[^/]*$/i.test(file))
      .map((file) => `== ${name} ==\n\n${Deno.readTextFileSync(join(folder, file))}\n`);
  });
  return new TextEncoder().encode(texts.join("\n"));
}

/** Everything in the portable executable's payload. */
export async function collectFiles(platform: Platform): Promise<PayloadFile[]> {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value) + "\n");
  const dependencies = Object.fromEntries(
    installedPackages().filter(({ facts }) => shippedPackages().includes(facts.name))
      .map(({ facts }) => [facts.name, facts.version]),
  );
  const assets = assetPaths().map((path) => ({
    path: `app/${path}`,
    bytes: Deno.readFileSync(join(root, path)),
  })).filter((file) => file.bytes.length > 0);
  return [
    { path: "app/engramlt", bytes: await Deno.readFile(Deno.execPath()), executable: true },
    { path: "app/deno.json", bytes: json({ nodeModulesDir: "manual", unstable: config.unstable }) },
    { path: "app/package.json", bytes: json({ type: "module", private: true, dependencies }) },
    { path: "app/licenses.txt", bytes: licenses() },
    ...await bundleAll(),
    ...assets,
    ...packageFiles(platform).filter((file) => file.bytes.length > 0),
  ];
}

/** The hash of everything that decides what is built; the compiled-in kind is not part of it. */
export function inputsHash(): string {
  const hash = createHash("sha256").update(`${Deno.version.deno} ${Deno.build.target}\n`);
  const sources = listFiles(join(root, "src")).map((path) => `src/${path}`);
  const scripts = listFiles(join(root, "scripts/launcher")).map((path) => `scripts/launcher/${path}`);
  const paths = [
    "main.ts",
    "deno.json",
    "deno.lock",
    "scripts/compile.ts",
    ...sources,
    ...scripts,
    ...assetPaths(),
  ];
  for (const path of [...new Set(paths)].sort()) {
    if (exists(join(root, path))) hash.update(`${path} ${sha256Hex(Deno.readFileSync(join(root, path)))}\n`);
  }
  return hash.digest("hex");
}
