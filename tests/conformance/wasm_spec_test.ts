/**
 * The official WebAssembly suite, every module instrumented, against plain V8: outcomes, memories and tables are equal, or
 * the module is refused in words. Level 3.0 scripts run too: most of their modules are of the profile.
 */
import assert from "node:assert/strict";
import { type Report, runScript, type Tamper } from "./wasm_spec/runner.ts";

const suite = new URL("../../../shared/wasm-testsuite/", import.meta.url);

function present(): boolean {
  try {
    return Deno.statSync(suite).isDirectory;
  } catch {
    return false;
  }
}

const ignore = !present();
const suffix = ignore ? " (skipped: needs ../shared/wasm-testsuite)" : "";

function script(name: string): string {
  const bytes = Deno.readFileSync(new URL(`core/${name}`, suite));
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

/** Scripts in which copysign takes its sign from a NaN: here a NaN has no sign. By script, how often. */
const copysignOfNaN = new Map([["f32_bitwise.wast", 16], ["f64_bitwise.wast", 16]]);

/** Invalid modules that the test assembler mends while it encodes them, so that V8 is right to accept what it gets. */
const mended = new Map([["func.wast", 1], ["ref.wast", 1]]);

/** The fewest commands each list must compare, so that nothing is lost from view. */
const lists = [
  { file: "profile-mvp.txt", comparedMin: 15_800 },
  { file: "profile-2.0.txt", comparedMin: 34_500 },
  { file: "profile-3.0-only.txt", comparedMin: 8_000 },
];

for (const { file, comparedMin } of lists) {
  // proves: rfc-10-simd
  Deno.test({
    name: `instrumented modules do what plain ones do in the scripts of ${file}${suffix}`,
    ignore,
    fn() {
      const names = Deno.readTextFileSync(new URL(file, suite)).trim().split("\n");
      const sum = { modules: 0, refused: 0, compared: 0, asExpected: 0, nanOnly: 0, skipped: 0 };
      const wrong: string[] = [];
      for (const name of names) {
        const report = runScript(script(name));
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += report[key];
        wrong.push(...faults(name, report));
      }
      console.log(`${file}: ${names.length} scripts ${JSON.stringify(sum)}`);
      assert.deepEqual(wrong, []);
      assert.ok(sum.compared >= comparedMin, `only ${sum.compared} commands were compared`);
    },
  });
}

function faults(name: string, report: Report): string[] {
  const signs = report.differences.filter((difference) => difference.includes("copysign"));
  const others = report.differences.filter((difference) => !difference.includes("copysign"));
  const wrong = [...others];
  if (signs.length !== (copysignOfNaN.get(name) ?? 0)) wrong.push(...signs);
  if (report.unexpected.length !== (mended.get(name) ?? 0)) wrong.push(...report.unexpected);
  return wrong.map((fault) => `${name} ${fault}`);
}

Deno.test({
  name: `a module changed on the way is found by the comparison${suffix}`,
  ignore,
  fn() {
    // i32.add becomes i32.sub where an operand is read just before.
    const tamper: Tamper = (bytes) => {
      const changed = bytes.slice();
      for (let i = 2; i < changed.length; i++) {
        if (changed[i] === 0x6a && changed[i - 2] === 0x20) changed[i] = 0x6b;
      }
      return changed;
    };
    assert.ok(runScript(script("i32.wast"), tamper).differences.length > 0);
  },
});
