/** Recursive modules that use as much of V8's stack as they can for the depth they are charged. */

const times = (count: number, part: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => part(i)).join(" ");

const products = (count: number, at: number): string =>
  times(
    count,
    (i) => `(i64.store offset=${at + i * 8} (i32.const 0) (i64.mul (local.get 0) (i64.const ${i * 77 + 3})))`,
  );

const next = "(i64.add (local.get 0) (i64.const 1))";
const f = `func $f (export "f")`;
const sum = `(global $g (mut i64) (i64.const 0))`;

/** Each exports a recursive `f`, with no parameters or only i64. */
export const recursive: Readonly<Record<string, string>> = {
  "nothing but the call": `(${f} (call $f))`,
  "a parameter": `(${f} (param i64) (call $f ${next}))`,
  "a result": `(${f} (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0))))`,
  "a table": `(table 1 funcref) (elem (i32.const 0) $f) (${f} (call_indirect (i32.const 0)))`,
  "100 parameters": `${sum} (${f} (param ${"i64 ".repeat(100)}) (call $f ${
    times(100, (i) => `(local.get ${99 - i})`)
  })
    ${times(100, (i) => `(global.set $g (i64.add (global.get $g) (local.get ${i})))`)})`,
  "100 results": `(${f} (result ${"i64 ".repeat(100)}) (call $f))`,
  "wide calls beside it": `(func $w (param ${"i64 ".repeat(100)}) (result ${"i64 ".repeat(100)}) ${
    times(100, (i) => `(local.get ${i})`)
  })
    (${f} (call $f) (call $w ${"(i64.const 1)".repeat(100)}) ${"(drop)".repeat(100)})`,
  "1,000 locals": `${sum} (${f} (local ${"i64 ".repeat(1000)})
    ${times(1000, (i) => `(local.set ${i} (i64.add (global.get $g) (i64.const ${i * 7919})))`)} (call $f)
    ${times(1000, (i) => `(global.set $g (i64.xor (global.get $g) (local.get ${i})))`)})`,
  "500 operands": `${sum} (${f} ${times(500, (i) => `(i64.mul (global.get $g) (i64.const ${i * 7919 + 5}))`)}
    (call $f) ${"(global.set $g)".repeat(500)})`,
  "300 vectors": `(memory 1) (${f} (local ${"v128 ".repeat(300)})
    ${times(300, (i) => `(local.set ${i} (v128.load offset=${i * 16} (i32.const 0)))`)} (call $f)
    ${times(300, (i) => `(v128.store offset=${i * 16} (i32.const 0) (local.get ${i}))`)})`,
  "the same products before and after": `(memory 1) (${f} (param i64) ${products(40, 0)} (call $f ${next})
    ${products(40, 800)})`,
  "the same products in an inlined function": `(memory 1) (func $p (param i64) ${products(30, 0)})
    (${f} (param i64) (call $p (local.get 0)) (call $f ${next}) (call $p (local.get 0)))`,
  "constant globals before and after": `${sum} ${
    times(60, (i) => `(global $c${i} i64 (i64.const ${i * 999983}))`)
  }
    (${f} ${times(60, (i) => `(global.set $g (global.get $c${i}))`)} (call $f)
    ${times(60, (i) => `(global.set $g (global.get $c${i}))`)})`,
  "the call inside a loop": `(memory 1) (${f} (param i64) (local i32) (loop ${
    products(40, 0)
  } (call $f ${next})
    (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 3)))))`,
  "a chain of small functions": `${sum} ${
    times(12, (j) =>
      `(func $h${j} ${times(20, (i) => `(i64.mul (global.get $g) (i64.const ${i + 3}))`)}
        ${j === 0 ? "" : `(call $h${j - 1})`} ${"(global.set $g)".repeat(20)})`)
  } (${f} (call $h11) (call $f))`,
};
