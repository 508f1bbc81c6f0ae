/** The executable's parts: what is packed, and the launcher of the portable form, run on a small stand-in program. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { refusals } from "../../../src/kernel/errors.ts";
import { isShipped, lightened, type Platform, suitsPlatform } from "../../../scripts/launcher/collect.ts";
import { launchArguments, unsetVariables } from "../../../scripts/launcher/layout.ts";
import { packPayload, type PayloadFile, sha256Hex } from "../../../scripts/launcher/payload.ts";
import { assemblePortable, findCompiler, type LauncherKind } from "../../../scripts/launcher/portable.ts";
import { isRuntimeMissing } from "../../../scripts/compile.ts";

const text = (value: string) => new TextEncoder().encode(value);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const linux: Platform = { os: "linux", cpu: "x64", libc: "glibc" };

/** Bytes from a small generator, so that a failure can be repeated. */
function noise(length: number, seed: number, spread: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // small spread: few values, each rarer than the one before, which gives codes of every length
    bytes[i] = spread === 256 ? state >>> 24 : Math.clz32(state | 1) * spread % 256;
  }
  return bytes;
}

/** Stands in for the runtime: tells its arguments and environment, or does what FAKE asks. */
const program: PayloadFile = {
  path: "app/engramlt",
  executable: true,
  bytes: text(`#!/bin/sh
case \${FAKE:-} in
  exit) exit 7 ;;
  files) echo "files $ENGRAMLT_FILES_MAX"; exit 0 ;;
  wait) echo ready; exec sleep 60 ;;
esac
for a in "$@"; do printf 'arg %s\\n' "$a"; done
printf 'dir %s\\nexe %s\\nflags %s\\n' "$DENO_DIR" "$ENGRAMLT_EXE" "\${DENO_V8_FLAGS-none}"
`),
};
const files: readonly PayloadFile[] = [
  program,
  { path: "app/a/tiny.txt", bytes: text("aaaaaaab") },
  { path: "app/a/noise.bin", bytes: noise(3_000_000, 1, 256) },
  { path: "app/a/zeros.bin", bytes: new Uint8Array(9_000_001) },
  { path: "app/b/skewed.bin", bytes: noise(2_000_000, 7, 5) },
  ...Array.from({ length: 40 }, (_, i) => ({ path: `app/c/${i}.bin`, bytes: noise(300 * i + 1, i, 3) })),
];
const payload = packPayload(files);
const name = sha256Hex(payload).slice(0, 16);
const compiler = Deno.build.os === "windows" ? null : await findCompiler();

const built = new Map<LauncherKind, Uint8Array[]>();

/** The parts of the executable file, made once a kind. */
async function assembled(kind: LauncherKind): Promise<Uint8Array[]> {
  const known = built.get(kind);
  if (known) return known;
  const launch = launchArguments(["node_modules/x/index.node"]);
  const made = await assemblePortable(payload, launch, kind === "portable-c" ? compiler : null);
  assert.equal(made.kind, kind);
  built.set(kind, made.parts);
  return made.parts;
}

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One launcher in a folder of its own. */
class Bench {
  readonly folder = Deno.makeTempDirSync({ prefix: "engramlt-test-" });
  readonly cache = join(this.folder, "cache");
  readonly exe: string;

  private constructor(exeName: string) {
    this.exe = join(this.folder, exeName);
  }

  static async with(kind: LauncherKind, use: (bench: Bench) => Promise<void>, exeName = "engramlt") {
    const bench = new Bench(exeName);
    try {
      for (const part of await assembled(kind)) {
        await Deno.writeFile(bench.exe, part, { append: true, mode: 0o755 });
      }
      await use(bench);
    } finally {
      await new Deno.Command("chmod", { args: ["-R", "u+w", bench.folder] }).output();
      await Deno.remove(bench.folder, { recursive: true });
    }
  }

  async run(
    args: readonly string[] = [],
    env: Record<string, string> = {},
    options: Deno.CommandOptions = {},
  ) {
    const output = await new Deno.Command(this.exe, {
      args: [...args],
      clearEnv: true,
      env: { ENGRAMLT_CACHE: this.cache, ...env },
      ...options,
    }).output();
    return { code: output.code, out: decode(output.stdout), err: decode(output.stderr) } satisfies Run;
  }

  /** What lies in the cache folder, without the empty lock file. */
  listing(): string[] {
    return [...Deno.readDirSync(this.cache)].map((entry) => entry.name).filter((n) => !n.endsWith(".lock"))
      .sort();
  }

  async flipByteAt(path: string, at: number) {
    const bytes = await Deno.readFile(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await Deno.writeFile(path, bytes);
  }
}

function launcherTest(
  sentence: string,
  use: (bench: Bench, kind: LauncherKind) => Promise<void>,
  exeName?: string,
) {
  for (const kind of ["portable-c", "portable-sh"] as const) {
    const missing = Deno.build.os === "windows" ? "a POSIX system" : "a C compiler";
    const ignore = Deno.build.os === "windows" || (kind === "portable-c" && compiler === null);
    Deno.test({
      name: `${kind} launcher ${sentence}${ignore ? ` (skipped: needs ${missing})` : ""}`,
      ignore,
      fn: () => Bench.with(kind, (bench) => use(bench, kind), exeName),
    });
  }
}

Deno.test("packPayload() gives a plain tar.gz whose list names the place of every file", () => {
  const tar = gunzipSync(payload);
  const listBytes = Number.parseInt(decode(tar.subarray(124, 135)), 8);
  const lines = decode(tar.subarray(512, 512 + listBytes)).trimEnd().split("\n");
  for (const file of files) {
    const [offset, size] = (lines.find((line) => line.endsWith(` ${file.path}`)) ?? "").trim().split(/\s+/);
    const found = tar.subarray(Number(offset), Number(offset) + Number(size));
    assert.equal(sha256Hex(found), sha256Hex(file.bytes), file.path);
  }
});

Deno.test("packPayload() gives the same bytes for the same files in another order", () => {
  assert.equal(sha256Hex(packPayload([...files].reverse())), sha256Hex(payload));
});

Deno.test("packPayload() refuses an empty file and a path outside app/", () => {
  assert.throws(() => packPayload([{ path: "app/x", bytes: new Uint8Array() }]), /empty/);
  assert.throws(() => packPayload([{ path: "app/../x", bytes: text("x") }]), /must lie in app/);
});

Deno.test("suitsPlatform() keeps one C library and one system of native packages", () => {
  const suits = (packageName: string, os: string[], cpu: string[]) =>
    suitsPlatform({ name: packageName, os, cpu }, linux);
  assert.deepEqual([
    suits("@libsql/linux-x64-gnu", ["linux"], ["x64"]),
    suits("@libsql/linux-x64-musl", ["linux"], ["x64"]),
    suits("@libsql/darwin-arm64", ["darwin"], ["arm64"]),
    suits("detect-libc", [], []),
  ], [true, false, false, true]);
});

Deno.test("lightened() leaves out imports of nothing from the bundler's helper, and hides late ones from the runtime", () => {
  const files = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([name, text]) => ({
      path: `app/src/cli/${name}`,
      bytes: new TextEncoder().encode(text),
    }));
  const helper = 'import{createRequire as __deno_internal_createRequire}from"node:module";export{a};';
  const before = files({
    "main.js": 'import"./chunk-A.js";import"./chunk-H.js";await(await import("./b-B.js")).run();',
    "b-B.js": 'import{a}from"./chunk-H.js";import"./chunk-H.js";a("import(\\"./no.js\\")");',
    "chunk-A.js": 'import"./chunk-H.js";',
    "chunk-H.js": helper,
  });
  const after = files({
    "main.js": 'import"./chunk-A.js";await(await import((0,"./b-B.js"))).run();',
    "b-B.js": 'import{a}from"./chunk-H.js";a("import(\\"./no.js\\")");',
    "chunk-A.js": ";\n",
    "chunk-H.js": helper,
  });
  assert.deepEqual(lightened(before), after);
});

Deno.test("isShipped() drops types, maps, prose and other platforms' binaries, and keeps licences", () => {
  const paths = ["index.js", "types/index.d.ts", "a.js.map", "README.md", "LICENSE.md"];
  assert.deepEqual(paths.map((path) => isShipped(path, linux)), [true, false, false, false, true]);
  const native = [
    "bin/napi-v6/linux/x64/a.node",
    "bin/napi-v6/win32/x64/a.node",
    "bin/napi-v6/linux/arm64/a.node",
  ];
  assert.deepEqual(native.map((path) => isShipped(path, linux)), [true, false, false]);
});

Deno.test("launchArguments() reads no configuration of the current folder and allows only what is named", () => {
  const flags = launchArguments(["node_modules/x/index.node"]);
  for (
    const flag of ["--config={app}/deno.json", "--no-lock", "--cached-only", "--no-remote", "--no-prompt"]
  ) {
    assert.ok(flags.includes(flag), flag);
  }
  assert.ok(flags.includes("--allow-ffi={app}/node_modules/x/index.node"));
  const keeper = { linux: ",systemctl", darwin: ",launchctl", windows: ",schtasks" } as Record<
    string,
    string
  >;
  assert.ok(flags.includes(`--allow-run={exe}${keeper[Deno.build.os]}`));
  assert.ok(!flags.some((flag) => /^(-A|--allow-all|--allow-(sys|ffi|run|import))$/.test(flag)));
});

Deno.test("isRuntimeMissing() tells a missing denort from another failure", () => {
  assert.equal(isRuntimeMissing("Caused by:\n    0: Setting up base binary."), true);
  assert.equal(isRuntimeMissing('error: Module not found "file:///x.ts"'), false);
});

Deno.test("the launchers use only codes of the table of refusals", async () => {
  for (const file of ["launcher.c", "launcher.sh"]) {
    const source = await Deno.readTextFile(new URL(`../../../scripts/launcher/${file}`, import.meta.url));
    const codes = [...source.matchAll(/\b(io_failed|disk_full|[a-z]+_corrupt)\b/g)].map((match) =>
      match[1] ?? ""
    );
    assert.ok(codes.length > 0);
    for (const code of codes) assert.ok(Object.hasOwn(refusals, code), code);
  }
});

launcherTest("gives the program its own arguments, then the caller's, untouched", async (bench) => {
  const given = ["--json", "", "a b", "$HOME \"'`\\", "ä\n*"];
  const { out } = await bench.run(given);
  const app = join(bench.cache, name, "app");
  const own = launchArguments(["node_modules/x/index.node"])
    .map((arg) => arg.replaceAll("{app}", app).replaceAll("{exe}", bench.exe));
  assert.equal(out.split("dir ")[0], [...own, ...given].map((arg) => `arg ${arg}\n`).join(""));
});

launcherTest("unpacks exactly what was packed", async (bench) => {
  await bench.run();
  for (const file of files) {
    const bytes = await Deno.readFile(join(bench.cache, name, file.path));
    assert.equal(sha256Hex(bytes), sha256Hex(file.bytes), file.path);
  }
});

launcherTest(
  "sets the runtime's folder and its own path, and drops what would change the runtime",
  async (bench) => {
    const { out } = await bench.run([], Object.fromEntries(unsetVariables.map((key) => [key, "--hostile"])));
    assert.equal(
      out.slice(out.indexOf("dir ")),
      `dir ${join(bench.cache, name, "deno_dir")}\nexe ${bench.exe}\nflags none\n`,
    );
  },
);

launcherTest("tells its real path when started by a relative one", async (bench) => {
  const { out } = await new Deno.Command("sh", {
    args: ["-c", "mkdir -p sub && cd sub && ../engramlt"],
    cwd: bench.folder,
    env: { ENGRAMLT_CACHE: bench.cache },
  }).output().then((output) => ({ out: decode(output.stdout) }));
  assert.match(out, new RegExp(`^exe ${bench.exe}$`, "m"));
});

launcherTest("unpacks more files than it may open", async (bench) => {
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 24; exec "$0"', bench.exe],
    env: { ENGRAMLT_CACHE: bench.cache },
  }).output();
  assert.equal(code, 0, decode(stderr));
  for (const file of files) {
    assert.equal(sha256Hex(await Deno.readFile(join(bench.cache, name, file.path))), sha256Hex(file.bytes));
  }
});

launcherTest("tells the program how many files it may open, whatever it was told before", async (bench) => {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 300; exec "$0"', bench.exe],
    env: { ENGRAMLT_CACHE: bench.cache, FAKE: "files", ENGRAMLT_FILES_MAX: "9" },
  }).output();
  assert.equal(decode(stdout), "files 300\n");
});

launcherTest("passes the program's exit code on", async (bench) => {
  assert.equal((await bench.run([], { FAKE: "exit" })).code, 7);
});

launcherTest("becomes the program, so that a signal reaches it", async (bench) => {
  const child = new Deno.Command(bench.exe, {
    env: { ENGRAMLT_CACHE: bench.cache, FAKE: "wait" },
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read(); // it runs now
  child.kill("SIGTERM");
  const status = await child.status;
  await reader.cancel();
  assert.equal(status.signal, "SIGTERM");
});

launcherTest("survives six first runs at once, and leaves one folder", async (bench) => {
  const runs = await Promise.all(Array.from({ length: 6 }, () => bench.run()));
  assert.deepEqual(runs.map((run) => run.code), [0, 0, 0, 0, 0, 0], runs.map((run) => run.err).join(""));
  assert.deepEqual(bench.listing(), [name]);
});

launcherTest("does not unpack again when the folder is whole", async (bench) => {
  await bench.run();
  const marker = join(bench.cache, name, "ok");
  const before = (await Deno.stat(marker)).ino;
  await bench.run();
  assert.equal((await Deno.stat(marker)).ino, before);
});

for (
  const [damage, act] of [
    ["a changed byte", (bench: Bench, app: string) => bench.flipByteAt(join(app, "a/noise.bin"), 1000)],
    ["a truncated file", (_: Bench, app: string) => Deno.truncate(join(app, "b/skewed.bin"), 0)],
    ["a removed file", (_: Bench, app: string) => Deno.remove(join(app, "c/7.bin"))],
    ["a removed program", (_: Bench, app: string) => Deno.remove(join(app, "engramlt"))],
    ["a missing marker", (_: Bench, app: string) => Deno.remove(join(app, "../ok"))],
  ] as const
) {
  launcherTest(`finds ${damage} in the unpacked folder, and unpacks it again`, async (bench) => {
    await bench.run();
    await new Promise((resolve) => setTimeout(resolve, 20)); // file times are no finer than a kernel tick
    await act(bench, join(bench.cache, name, "app"));
    assert.equal((await bench.run()).code, 0);
    for (const file of files) {
      assert.equal(sha256Hex(await Deno.readFile(join(bench.cache, name, file.path))), sha256Hex(file.bytes));
    }
    assert.deepEqual(bench.listing(), [name]);
  });
}

launcherTest("removes a half-written folder of an earlier run", async (bench, kind) => {
  const part = join(bench.cache, `${name}.${kind === "portable-c" ? "part" : "sh-part"}-99`);
  await Deno.mkdir(join(part, "app"), { recursive: true });
  await Deno.writeTextFile(join(part, "app/engramlt"), "half");
  await Deno.utime(part, new Date(0), new Date(0));
  await bench.run();
  assert.deepEqual(bench.listing(), [name]);
});

launcherTest("refuses a damaged executable, and unpacks nothing", async (bench) => {
  const size = (await Deno.stat(bench.exe)).size;
  await bench.flipByteAt(bench.exe, size - payload.length / 2 | 0);
  const { code, err } = await bench.run(["status", "--json"]);
  assert.equal(code, 9);
  assert.equal(JSON.parse(err).error.code, "executable_corrupt");
  assert.deepEqual(bench.listing(), []);
});

launcherTest("refuses an executable whose end is missing", async (bench) => {
  await Deno.truncate(bench.exe, (await Deno.stat(bench.exe)).size - 100_000);
  const { code, err } = await bench.run();
  assert.equal(code, 9);
  assert.match(err, /^error: Cannot start: this executable file is damaged .*\nhint: /);
});

launcherTest("says what to do when the cache folder cannot be made", async (bench) => {
  await Deno.writeTextFile(join(bench.folder, "file"), "no folder");
  const { code, err } = await bench.run([], { ENGRAMLT_CACHE: join(bench.folder, "file/cache") });
  assert.equal(code, 8);
  assert.match(err, /^error: Cannot unpack the program to .*: Not a directory\nhint: Set ENGRAMLT_CACHE /);
});

launcherTest("unpacks to a private temporary folder when there is no home", async (bench) => {
  const temporary = join(bench.folder, "tmp");
  await Deno.mkdir(temporary);
  const { code, err } = await bench.run([], { ENGRAMLT_CACHE: "", TMPDIR: temporary });
  assert.equal(code, 0, err);
  const [own] = [...Deno.readDirSync(temporary)].map((entry) => entry.name);
  assert.equal(((await Deno.stat(join(temporary, own ?? ""))).mode ?? 0) & 0o777, 0o700);
});

launcherTest("refuses a temporary folder that others can write to", async (bench) => {
  const temporary = join(bench.folder, "tmp");
  const own = join(temporary, `engramlt-${Deno.uid()}`);
  await Deno.mkdir(own, { recursive: true });
  await Deno.chmod(own, 0o777);
  const { code, err } = await bench.run([], { ENGRAMLT_CACHE: "", TMPDIR: temporary });
  assert.equal(code, 8);
  assert.match(err, /others can write there/);
});

launcherTest("uses the user's cache folder when none is chosen", async (bench) => {
  const home = join(bench.folder, "home");
  await Deno.mkdir(home);
  await bench.run([], { ENGRAMLT_CACHE: "", HOME: home });
  const place = Deno.build.os === "darwin" ? "Library/Caches" : ".cache";
  assert.ok((await Deno.stat(join(home, place, "engramlt", name, "ok"))).isFile);
});

launcherTest("allows the whole kind where a permission list cannot hold the path", async (bench) => {
  const { out } = await bench.run();
  assert.match(out, /^arg --allow-run$/m);
}, "engram,lt");

launcherTest(
  "allows the whole kind where the loader's variables forbid a list of programs",
  async (bench) => {
    const { out } = await bench.run([], { LD_LIBRARY_PATH: "/nowhere" });
    assert.match(out, /^arg --allow-run$/m);
  },
);

Deno.test({
  name: `both launchers share one folder${compiler ? "" : " (skipped: needs a C compiler)"}`,
  ignore: compiler === null,
  fn: () =>
    Bench.with("portable-c", async (c) => {
      await Bench.with("portable-sh", async (sh) => {
        await sh.run([], { ENGRAMLT_CACHE: c.cache });
        const marker = join(c.cache, name, "ok");
        const before = (await Deno.stat(marker)).ino;
        await c.run();
        assert.equal((await Deno.stat(marker)).ino, before);
      });
    }),
});
