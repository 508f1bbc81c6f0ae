import assert from "node:assert/strict";
import plugin, { arrows, homes } from "../../../scripts/lint_plugin.ts";

/** The rules that `source` breaks when it stands at `path`, without the plugin's name. */
function broken(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map((found) => found.id.replace("engramlt/", ""));
}

function clean(path: string, source: string): void {
  assert.deepEqual(Deno.lint.runPlugin(plugin, path, source), []);
}

const direction = ["import-direction"];
const purity = ["kernel-purity"];
const clock = ["no-wall-clock"];

Deno.test("import-direction lets every arrow of the map pass", () => {
  for (const [from, targets] of Object.entries(arrows)) {
    const path = from === "" ? "src/mod.ts" : `src/${from}/file.ts`;
    for (const target of targets) {
      const file = target.endsWith(".ts") ? target : `${target}/mod.ts`;
      clean(path, `import { a } from "${from === "" ? "./" : "../"}${file}"; a;`);
    }
  }
});

Deno.test("import-direction refuses every arrow that is not on the map", () => {
  const folders = Object.keys(arrows).filter((folder) => folder !== "");
  for (const from of folders) {
    for (const target of folders) {
      if (from === target || arrows[from]?.includes(target)) continue;
      const found = broken(`src/${from}/file.ts`, `import { a } from "../${target}/mod.ts"; a;`);
      assert.deepEqual(found, direction, `${from} → ${target}`);
    }
  }
});

Deno.test("import-direction opens only the named file of a folder", () => {
  const use = (file: string) => `import { a } from "../${file}"; a;`;
  clean("src/wasm/decode.ts", use("kernel/errors.ts"));
  assert.deepEqual(broken("src/wasm/decode.ts", use("kernel/ids.ts")), direction);
  clean("src/host/serve.ts", use("sandbox/abi.ts"));
  assert.deepEqual(broken("src/host/serve.ts", use("sandbox/pool.ts")), direction);
});

Deno.test("import-direction counts types, re-exports and dynamic imports as arrows", () => {
  assert.deepEqual(
    broken("src/log/a.ts", 'import type { G } from "../graph/mod.ts"; export type H = G;'),
    direction,
  );
  assert.deepEqual(broken("src/log/a.ts", 'export * from "../graph/mod.ts";'), direction);
  assert.deepEqual(broken("src/log/a.ts", 'export { g } from "../graph/mod.ts";'), direction);
  assert.deepEqual(broken("src/log/a.ts", 'await import("../graph/mod.ts");'), direction);
});

Deno.test("import-direction refuses a folder of src that is not on the map", () => {
  assert.deepEqual(broken("src/utils/a.ts", 'import { a } from "../kernel/ids.ts"; a;'), direction);
});

Deno.test("import-direction keeps src from importing tests and programs", () => {
  assert.deepEqual(broken("src/log/a.ts", 'import { a } from "../../tests/support/a.ts"; a;'), direction);
});

Deno.test("import-direction lets main.ts start the command line only", () => {
  clean("main.ts", 'import { main } from "./src/cli/main.ts"; main;');
  assert.deepEqual(broken("main.ts", 'import { open } from "./src/runtime/mod.ts"; open;'), direction);
});

Deno.test("import-direction keeps agents away from the host's code", () => {
  assert.deepEqual(
    broken("agents/hello/test.ts", 'import { a } from "../../src/kernel/ids.ts"; a;'),
    direction,
  );
});

Deno.test("import-direction lets tests, bench and scripts import any part of src", () => {
  for (const path of ["tests/unit/log/a_test.ts", "bench/a_bench.ts", "scripts/a.ts"]) {
    const up = "../".repeat(path.split("/").length - 1);
    clean(path, `import { a } from "${up}src/log/mod.ts"; a;`);
  }
});

Deno.test("import-direction gives each package its home and no other", () => {
  const folders = Object.keys(arrows).filter((folder) => folder !== "");
  for (const [name, home] of Object.entries(homes)) {
    for (const folder of folders) {
      const found = broken(`src/${folder}/a.ts`, `import { a } from "${name}"; a;`);
      assert.deepEqual(found, home.includes(folder) ? [] : direction, `${name} in ${folder}`);
    }
  }
});

Deno.test("import-direction knows a package by its subpath", () => {
  clean("src/api/a.ts", 'import { cors } from "hono/cors"; cors;');
  clean("src/graph/a.ts", 'import { createClient } from "@libsql/client/web"; createClient;');
  assert.deepEqual(broken("src/cli/a.ts", 'import { cors } from "hono/cors"; cors;'), direction);
});

Deno.test("import-direction refuses a package without a home in src", () => {
  assert.deepEqual(broken("src/cli/a.ts", 'import pad from "left-pad"; pad;'), direction);
});

Deno.test("import-direction refuses a version outside deno.json", () => {
  assert.deepEqual(broken("src/api/a.ts", 'import { Hono } from "npm:hono@4.0.0"; Hono;'), direction);
});

Deno.test("import-direction keeps test packages out of bench and scripts", () => {
  clean("tests/property/a_test.ts", 'import fc from "fast-check"; fc;');
  assert.deepEqual(broken("bench/a_bench.ts", 'import fc from "fast-check"; fc;'), direction);
});

const impure = [
  "Deno.readTextFileSync('a');",
  "const now = Date.now(); now;",
  "const now = new Date(); now;",
  "const now = Date(); now;",
  "const start = performance.now(); start;",
  "const chance = Math.random(); chance;",
  "const bytes = crypto.getRandomValues(new Uint8Array(4)); bytes;",
  "setTimeout(() => 1, 5);",
  "export async function f() {}",
  "export const f = async () => 1;",
  "await Promise.resolve();",
  "for await (const x of []) x;",
  "import('./b.ts');",
  "import { readFileSync } from 'node:fs'; readFileSync;",
  "const g = globalThis; g;",
];

for (const folder of ["kernel", "wasm"]) {
  for (const source of impure) {
    Deno.test(`kernel-purity refuses \`${source}\` in src/${folder}`, () => {
      const found = broken(`src/${folder}/a.ts`, source);
      assert.ok(found.includes("kernel-purity"), `found: ${found.join(", ")}`);
    });
  }
}

Deno.test("kernel-purity lets keys and member names be called as they like", () => {
  clean("src/kernel/a.ts", "export const a = { crypto: 1, performance: 2 }; a.crypto; a.performance;");
  clean("src/kernel/a.ts", "export interface A { readonly performance: number; crypto(): void }");
});

Deno.test("kernel-purity lets a date be made from a given time", () => {
  clean("src/kernel/a.ts", "export const iso = (ms: number) => new Date(ms).toISOString();");
});

Deno.test("kernel-purity leaves other folders alone", () => {
  clean("src/log/a.ts", "export const f = async () => { await Deno.open('a'); };");
});

Deno.test("kernel-purity names the folder and the cause", () => {
  const [found] = Deno.lint.runPlugin(plugin, "src/kernel/a.ts", "export const f = async () => 1;");
  assert.equal(found?.message, "Cannot use async in src/kernel: the folder is pure");
  assert.deepEqual(purity, [found?.id.replace("engramlt/", "")]);
});

const clockSources = [
  "Date.now();",
  "performance.now();",
  "Math.random();",
  "crypto.getRandomValues(new Uint8Array(4));",
  "crypto.randomUUID();",
  "new Date();",
];

for (const source of clockSources) {
  Deno.test(`no-wall-clock refuses \`${source}\` in src/runtime`, () => {
    assert.deepEqual(broken("src/runtime/tick.ts", source), clock);
  });
}

Deno.test("no-wall-clock lets the env, the doors and programs read a clock", () => {
  const free = [
    "src/runtime/env.ts",
    "src/cli/a.ts",
    "src/api/a.ts",
    "bench/a_bench.ts",
    "tests/a_test.ts",
    "scripts/a.ts",
  ];
  for (const path of free) for (const source of clockSources) clean(path, source);
});

Deno.test("no-wall-clock lets the sandbox measure durations and nothing else", () => {
  clean("src/sandbox/pool.ts", "performance.now();");
  for (const source of clockSources.filter((source) => !source.startsWith("performance"))) {
    assert.deepEqual(broken("src/sandbox/pool.ts", source), clock, source);
  }
});

Deno.test("no-swallow refuses an empty catch block", () => {
  assert.deepEqual(broken("src/log/a.ts", "try { f(); } catch {}"), ["no-swallow"]);
  assert.deepEqual(broken("src/log/a.ts", "p.catch(() => {});"), ["no-swallow"]);
});

Deno.test("no-swallow accepts a handled error or a reason", () => {
  clean("src/log/a.ts", "try { f(); } catch { /* the file may be gone already */ }");
  clean("src/log/a.ts", "try { f(); } catch (error) { report(error); }");
  clean("src/log/a.ts", "p.catch((error) => report(error)); p.catch(() => {\n  // closed twice\n});");
});

Deno.test("no-using refuses what the bundler would drop, in what is bundled alone", () => {
  for (const source of ["using file = open();", "await using file = open();"]) {
    for (const path of ["src/log/a.ts", "main.ts"]) assert.deepEqual(broken(path, source), ["no-using"]);
    for (const path of ["tests/a_test.ts", "scripts/a.ts"]) clean(path, source);
  }
  clean("src/log/a.ts", "const using = 1; for (const file of using) f(file);");
});
