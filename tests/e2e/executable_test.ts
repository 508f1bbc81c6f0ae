/**
 * The one executable file, as a person runs it. It is built first unless dist/engramlt is up to date; then, as
 * a build must not depend on the network, the portable form is made. How its launcher behaves in every corner
 * is tested in tests/unit/scripts/compile_test.ts; here it carries the real program.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { compile, defaultOutput, type ExecutableFacts, upToDate } from "../../scripts/compile.ts";
import { browserPath, withPage } from "../support/browser.ts";
import { layOut } from "../support/model_hub.ts";
import { tinyModel } from "../support/onnx.ts";
import { exists, root } from "../../scripts/launcher/collect.ts";

const hasMain = exists(join(root, "main.ts")) && Deno.build.os !== "windows";
const facts: ExecutableFacts | null = hasMain
  ? upToDate(defaultOutput) ??
    await compile({ kind: "portable", output: defaultOutput, force: false, say: () => {} })
  : null;
const isPortable = facts !== null && facts.kind !== "deno-compile";

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A home of its own for each test: nothing of the person's environment is seen. */
class Home {
  readonly folder = Deno.makeTempDirSync({ prefix: "engramlt-e2e-" });
  readonly cache = join(this.folder, "cache");
  readonly data = join(this.folder, "data");
  readonly cwd = join(this.folder, "work");

  #command(args: readonly string[], env: Record<string, string>, stderr: "piped" | "null"): Deno.Command {
    Deno.mkdirSync(this.cwd, { recursive: true });
    return new Deno.Command(defaultOutput, {
      args: [...args],
      cwd: this.cwd,
      clearEnv: true,
      env: { HOME: this.folder, ENGRAMLT_CACHE: this.cache, ENGRAMLT_DATA: this.data, ...env },
      stdout: "piped",
      stderr,
    });
  }

  start(args: readonly string[]): Deno.ChildProcess {
    return this.#command(args, {}, "null").spawn();
  }

  async run(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const output = await this.#command(args, env, "piped").output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: output.code, out: decode(output.stdout), err: decode(output.stderr) };
  }

  /** Files of the unpacked program whose path ends so. */
  unpacked(ending: string): string[] {
    const found: string[] = [];
    const walk = (folder: string) => {
      for (const entry of Deno.readDirSync(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory) walk(path);
        else if (path.endsWith(ending)) found.push(path);
      }
    };
    walk(this.cache);
    return found;
  }
}

function executableTest(sentence: string, use: (home: Home) => Promise<void>, needsPortable = false) {
  const ignore = facts === null || (needsPortable && !isPortable);
  const need = facts === null ? "main.ts on a POSIX system" : "the portable form";
  Deno.test({
    name: `executable ${sentence}${ignore ? ` (skipped: needs ${need})` : ""}`,
    ignore,
    fn: async () => {
      const home = new Home();
      try {
        await use(home);
      } finally {
        await new Deno.Command("chmod", { args: ["-R", "u+w", home.folder] }).output();
        await Deno.remove(home.folder, { recursive: true });
      }
    },
  });
}

/** The fields of `status --json` that every run must give. */
function readStatus(run: Run): { version: string; tick: number; stateHash: string } {
  assert.equal(run.code, 0, run.err);
  const { version, tick, stateHash } = JSON.parse(run.out);
  return { version, tick, stateHash };
}

executableTest("is described by the file beside it", async () => {
  assert.equal(facts?.size, (await Deno.stat(defaultOutput)).size);
});

executableTest("gives its version", async (home) => {
  const { code, out, err } = await home.run(["--version"]);
  assert.equal(code, 0, err);
  assert.ok(out.includes(config.version), out);
});

executableTest("gives the status of an empty data folder", async (home) => {
  const { version, stateHash } = readStatus(await home.run(["status", "--json"]));
  assert.equal(version, config.version);
  assert.match(stateHash, /^[0-9a-f]{64}$/);
});

executableTest("keeps what one run wrote for the next", async (home) => {
  const added = await home.run(["memory", "add", "--content", "Heron launches on 12 May.", "--json"]);
  assert.equal(added.code, 0, added.err);
  const got = await home.run(["memory", "get", JSON.parse(added.out).id, "--json"]);
  assert.equal(JSON.parse(got.out).content, "Heron launches on 12 May.");
});

executableTest("runs an agent in a worker", async (home) => {
  await home.run(["--version"]);
  const [manifest] = home.unpacked("agents/linker/manifest.json");
  const loaded = await home.run(["agent", "load", dirname(manifest ?? ""), "--json"]);
  assert.equal(loaded.code, 0, loaded.err);
  const ran = await home.run(["agent", "execute", "linker", "link", "--json"]);
  assert.equal(JSON.parse(ran.out).result.notes, 0, ran.err);
}, true);

// proves: readme-4-native_libraries, rfc-10-onnxruntime_node
executableTest("opens a model with the ONNX Runtime that it brings", async (home) => {
  const folder = await layOut(join(home.folder, "tiny"), tinyModel());
  const pulled = await home.run(["model", "pull", folder, "--json"]);
  assert.equal(pulled.code, 0, pulled.err);
  const ran = await home.run(["model", "run", JSON.parse(pulled.out).name, "the cat sat", "--json"]);
  assert.equal(ran.code, 0, ran.err);
  const { embedding, provider } = JSON.parse(ran.out);
  assert.deepEqual([embedding.length, provider], [4, "cpu"]);
});

executableTest("runs a host where one was killed", async (home) => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    const host = home.start(["up", "--json"]);
    const reader = host.stdout.getReader();
    const { value } = await reader.read();
    assert.match(new TextDecoder().decode(value), /"address"/);
    assert.equal(readStatus(await home.run(["status", "--json"])).version, config.version);
    host.kill(signal);
    await host.status;
    await reader.cancel();
  }
});

executableTest("loads only a few small files for engramlt mcp, and none of node's", async (home) => {
  await home.run(["--version"]);
  const [main = ""] = home.unpacked("src/cli/main.js");
  const textOf = (name: string) => Deno.readTextFileSync(join(dirname(main), name));
  const [, pipe = ""] = /import\(\(0,"\.\/(mcp_pipe-\w+\.js)"\)\)/.exec(textOf("main.js")) ?? [];
  const loaded = new Set<string>(["main.js", pipe]);
  for (const name of loaded) {
    for (const [, next = ""] of textOf(name).matchAll(/\b(?:from|import) *"([^"]+)"/g)) {
      assert.match(next, /^\.\/[\w-]+\.js$/, name);
      loaded.add(next.slice(2));
    }
  }
  assert(loaded.size > 2, "nothing was followed");
  const bytes = [...loaded].reduce((sum, name) => sum + textOf(name).length, 0);
  assert(loaded.size <= 8 && bytes < 20_000, `${bytes} bytes in ${[...loaded].join(" ")}`);
}, true);

executableTest("looks itself over, and asks the system's keeper of services", async (home) => {
  await home.run(["remember", "one"]);
  const { code, out, err } = await home.run(["doctor", "--json"]);
  assert.equal(code, 0, err);
  const { ok, findings } = JSON.parse(out);
  assert(ok, out);
  assert.match(findings.find(({ check }: { check: string }) => check === "room").detail, / free$/);
  // It may run that program; whether it answers is the machine's.
  const env = { XDG_CONFIG_HOME: join(home.folder, "config"), XDG_RUNTIME_DIR: join(home.folder, "none") };
  const asked = await home.run(["service", "install", "--json"], env);
  assert.notEqual(asked.code, 0);
  assert.match(JSON.parse(asked.err).error.message, /^Cannot keep the service: |: it is not there$/);
});

executableTest("serves the page of its API with the script that it brings", async (home) => {
  const host = home.start(["up", "--no-agents", "--json"]);
  const reader = host.stdout.getReader();
  try {
    const { value } = await reader.read();
    const [, address = ""] = /"address":\s*"([^"]+)"/.exec(new TextDecoder().decode(value)) ?? [];
    const page = await (await fetch(`${address}/docs`)).text();
    assert.match(page, /<openapi-explorer spec-url="\/openapi.json"/);
    const script = await fetch(`${address}/docs/explorer.js`);
    assert.equal(script.status, 200);
    assert.match(await script.text(), /openapi-explorer/);
    if (browserPath() === null) return;
    await withPage(`${address}/docs`, async (shown, { foreign, errors }) => {
      await shown.getByText("Stores a memory").first().waitFor();
      assert.deepEqual([foreign, errors], [[], []]);
    });
  } finally {
    host.kill("SIGTERM");
    await host.status;
    await reader.cancel();
  }
});

executableTest("survives two first runs at once", async (home) => {
  const status = (data: string) => home.run(["status", "--json"], { ENGRAMLT_DATA: join(home.folder, data) });
  const runs = await Promise.all([status("one"), status("two")]);
  assert.deepEqual(runs.map((run) => readStatus(run).version), [config.version, config.version]);
});

executableTest("repairs its unpacked files when one is damaged", async (home) => {
  await home.run(["--version"]);
  const [native] = home.unpacked("index.node");
  await Deno.truncate(native ?? "", 1000);
  assert.equal(readStatus(await home.run(["status", "--json"])).version, config.version);
}, true);

executableTest("runs from a cache folder that became read-only", async (home) => {
  await home.run(["--version"]);
  await new Deno.Command("chmod", { args: ["-R", "a-w", home.cache] }).output();
  assert.equal(readStatus(await home.run(["status", "--json"])).version, config.version);
}, true);

executableTest("says what to do when it cannot unpack", async (home) => {
  // /proc refuses folders to everyone, root included
  const cache = Deno.build.os === "linux" ? "/proc/engramlt" : "/dev/null/engramlt";
  const { code, err } = await home.run(["status", "--json"], { ENGRAMLT_CACHE: cache });
  assert.equal(code, 8);
  assert.match(JSON.parse(err).error.hint, /ENGRAMLT_CACHE/);
}, true);

executableTest("runs in an empty environment", async (home) => {
  const { success, stdout, stderr } = await new Deno.Command("/usr/bin/env", {
    args: ["-i", `TMPDIR=${home.folder}`, defaultOutput, "status", "--json", "--data", home.data],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(JSON.parse(new TextDecoder().decode(stdout)).version, config.version);
});

executableTest("takes no configuration or package from the current folder", async (home) => {
  const expected = readStatus(await home.run(["status", "--json"])).version;
  const write = async (path: string, text: string) => {
    await Deno.mkdir(dirname(join(home.cwd, path)), { recursive: true });
    await Deno.writeTextFile(join(home.cwd, path), text);
  };
  await write("deno.json", '{"imports":{"libsql":"./evil.js"},"preload":["./evil.js"],"lock":"./no"');
  await write("package.json", '{"type":"commonjs","dependencies":{"libsql":"file:./evil"}}');
  await write("node_modules/libsql/package.json", '{"name":"libsql","main":"index.js"}');
  await write("node_modules/libsql/index.js", 'throw new Error("evil")');
  await write("evil.js", 'throw new Error("evil")');
  await write(".env", "DENO_V8_FLAGS=--no-such-flag\nENGRAMLT_DATA=/proc/evil\n");
  await write(".npmrc", "registry=http://127.0.0.1:1/\n");
  assert.equal(readStatus(await home.run(["status", "--json"])).version, expected);
});
