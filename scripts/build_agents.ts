/**
 * Builds the bundled agents: agents/NAME/assembly/index.ts → agents/NAME/NAME.wasm, agents/demo/*.wat → .wasm.
 *
 *   deno run -A scripts/build_agents.ts [NAME…]           builds and writes
 *   deno run -A scripts/build_agents.ts --check [NAME…]   builds, compares with the files there, writes nothing
 *
 * The AssemblyScript compiler (94 MB) is no dependency of the program: npm installs it into dist/assemblyscript,
 * as agents/sdk/assemblyscript/package-lock.json pins it, when this script first needs it.
 *
 * Invariant: the same sources give the same bytes; every path that enters them is relative to the repository.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { wat } from "../tests/support/wat.ts";

const root = new URL("../", import.meta.url);
const sdk = "agents/sdk/assemblyscript";
const toolchain = new URL("dist/assemblyscript/", root);

/** How an agent is compiled; the template's asconfig.json says the same. */
const compilerFlags = [
  ...["--optimizeLevel", "3", "--shrinkLevel", "1", "--runtime", "incremental"],
  ...["--use", `abort=${sdk}/assembly/agent/abort`],
];

/** They go through all notes: for them speed counts before size, so that a step takes less fuel. */
const forSpeed = new Set(["curator", "digest", "linker"]);

/** A source and the module it gives, both relative to the repository. */
export interface Agent {
  readonly name: string;
  readonly source: string;
  readonly module: string;
}

/** A module that was built. */
export interface Built extends Agent {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Every agent that has a source here, by name. */
export function agents(): Agent[] {
  const found: Agent[] = [];
  for (const entry of Deno.readDirSync(new URL("agents/", root))) {
    const source = `agents/${entry.name}/assembly/index.ts`;
    if (exists(source)) {
      found.push({ name: entry.name, source, module: `agents/${entry.name}/${entry.name}.wasm` });
    }
  }
  if (exists("agents/demo")) {
    for (const entry of Deno.readDirSync(new URL("agents/demo/", root))) {
      if (!entry.name.endsWith(".wat")) continue;
      const name = entry.name.slice(0, -".wat".length);
      found.push({ name, source: `agents/demo/${entry.name}`, module: `agents/demo/${name}.wasm` });
    }
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Whether the compiler is installed, or could be: false says that npm or its packages can't be had. */
export async function hasCompiler(): Promise<boolean> {
  const pinned = await Deno.readTextFile(new URL(`${sdk}/package-lock.json`, root));
  const stamp = new URL("node_modules/installed.json", toolchain);
  try {
    if (await Deno.readTextFile(stamp) === pinned) return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(toolchain, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(new URL(`${sdk}/${file}`, root), new URL(file, toolchain));
  }
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  try {
    const options = { args: ["ci", "--no-audit", "--no-fund"], cwd: toolchain };
    const { success } = await new Deno.Command(npm, { ...options, stdout: "null", stderr: "inherit" })
      .output();
    if (success) await Deno.writeTextFile(stamp, pinned);
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Builds one agent; `flags` override the usual ones. Throws what the compiler says on a mistake in its source. */
export async function build(agent: Agent, flags: readonly string[] = []): Promise<Built> {
  if (!agent.source.endsWith(".wat")) {
    const speed = forSpeed.has(agent.name) ? ["--shrinkLevel", "0"] : [];
    return { ...agent, bytes: await compile(agent.source, [...speed, ...flags]) };
  }
  return { ...agent, bytes: wat(await Deno.readTextFile(new URL(agent.source, root))) };
}

async function compile(source: string, flags: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  if (!await hasCompiler()) {
    throw new Error("Cannot build agents: npm ci of agents/sdk/assemblyscript/package-lock.json failed");
  }
  const folder = await Deno.makeTempDir({ dir: fileURLToPath(toolchain) });
  const output = join(folder, "agent.wasm");
  const base = fileURLToPath(root);
  const { success, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-config", "--no-lock", "--node-modules-dir=manual"],
      "node_modules/assemblyscript/bin/asc.js",
      ...[source, "--baseDir", base, "--outFile", relative(base, output), ...compilerFlags],
      ...flags,
    ],
    cwd: toolchain,
  }).output();
  try {
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (!success) throw new Error(`Cannot build ${source}: ${text}`);
    return await Deno.readFile(output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, root));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether the module there is what the source gives. */
export async function isCurrent(built: Built): Promise<boolean> {
  if (!exists(built.module)) return false;
  const there = await Deno.readFile(new URL(built.module, root));
  return there.length === built.bytes.length && there.every((byte, i) => byte === built.bytes[i]);
}

async function main(args: readonly string[]): Promise<number> {
  const check = args.includes("--check");
  const names = args.filter((arg) => !arg.startsWith("--"));
  const all = agents();
  const unknown = names.filter((name) => !all.some((agent) => agent.name === name));
  if (unknown.length > 0) {
    console.error(
      `Cannot build ${unknown.join(", ")}: no such agent; there are ${all.map((a) => a.name).join(", ")}`,
    );
    return 2;
  }
  let stale = 0;
  for (const agent of all.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const built = await build(agent);
    const current = await isCurrent(built);
    if (!current && check) stale++;
    if (!current && !check) await Deno.writeFile(new URL(agent.module, root), built.bytes);
    const state = current ? "current" : check ? "differs from its source" : "built";
    console.log(`${agent.module}  ${built.bytes.length.toLocaleString("en")} bytes  ${state}`);
  }
  return stale === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
