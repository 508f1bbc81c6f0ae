/**
 * Random programs for the metering tests: a syntax tree, its text form, and an interpreter that counts one instruction at a
 * time. The interpreter knows nothing of blocks, so it checks the metered count by another way.
 *
 * Every program ends: loops count down, and functions call only those before them.
 */
import fc from "fast-check";

export type Expr =
  | { readonly is: "const"; readonly value: number }
  | { readonly is: "local"; readonly index: number }
  | { readonly is: "add" | "sub" | "mul" | "xor" | "lt"; readonly a: Expr; readonly b: Expr }
  | { readonly is: "call"; readonly callee: number; readonly arg: Expr }
  | { readonly is: "load"; readonly cell: number }
  | { readonly is: "size" };

export type Statement =
  | { readonly is: "set"; readonly index: number; readonly value: Expr }
  | { readonly is: "store"; readonly cell: number; readonly value: Expr }
  | { readonly is: "if"; readonly test: Expr; readonly then: Body; readonly otherwise: Body | null }
  | { readonly is: "block"; readonly body: Body }
  | { readonly is: "loop"; readonly times: number; readonly body: Body }
  | { readonly is: "branch"; readonly out: number; readonly test: Expr | null }
  | { readonly is: "table"; readonly outs: readonly number[]; readonly value: Expr }
  | { readonly is: "return"; readonly value: Expr }
  | { readonly is: "fill"; readonly length: number }
  | { readonly is: "grow"; readonly pages: number }
  | { readonly is: "throw" }
  | { readonly is: "try"; readonly body: Body }
  | { readonly is: "nop" };

export type Body = readonly Statement[];

/** Functions take one i32 and give one; locals 1–3 are declared; the last function is exported as "run". */
export type Program = readonly Body[];

const declaredLocals = 3;

function expressions(callees: number): fc.Arbitrary<Expr> {
  return fc.letrec<{ expr: Expr }>((tie) => ({
    expr: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.record({ is: fc.constant("const" as const), value: fc.integer({ min: -9, max: 9 }) }),
      fc.record({ is: fc.constant("local" as const), index: fc.nat(declaredLocals) }),
      fc.record({ is: fc.constant("load" as const), cell: fc.nat(3) }),
      fc.record({ is: fc.constant("size" as const) }),
      fc.record({
        is: fc.constantFrom("add" as const, "sub" as const, "mul" as const, "xor" as const, "lt" as const),
        a: tie("expr"),
        b: tie("expr"),
      }),
      ...(callees === 0 ? [] : [fc.record({
        is: fc.constant("call" as const),
        callee: fc.nat(callees - 1),
        arg: tie("expr"),
      })]),
    ),
  })).expr;
}

function bodies(callees: number, exceptions: boolean): fc.Arbitrary<Body> {
  const expr = expressions(callees);
  return fc.letrec<{ body: Body; statement: Statement }>((tie) => ({
    body: fc.array(tie("statement"), { maxLength: 5 }),
    statement: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.record({ is: fc.constant("set" as const), index: fc.nat(declaredLocals), value: expr }),
      fc.record({ is: fc.constant("store" as const), cell: fc.nat(3), value: expr }),
      fc.record({ is: fc.constant("branch" as const), out: fc.nat(4), test: fc.option(expr, { freq: 3 }) }),
      fc.record({
        is: fc.constant("table" as const),
        outs: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
        value: expr,
      }),
      fc.record({ is: fc.constant("return" as const), value: expr }),
      fc.record({ is: fc.constant("fill" as const), length: fc.nat(2000) }),
      fc.record({ is: fc.constant("grow" as const), pages: fc.nat(2) }),
      fc.record({ is: fc.constant(exceptions ? "throw" as const : "nop" as const) }),
      fc.record({
        is: fc.constant("if" as const),
        test: expr,
        then: tie("body"),
        otherwise: fc.option(tie("body")),
      }),
      fc.record({ is: fc.constant("block" as const), body: tie("body") }),
      fc.record({
        is: fc.constant("loop" as const),
        times: fc.integer({ min: 1, max: 3 }),
        body: tie("body"),
      }),
      ...(exceptions ? [fc.record({ is: fc.constant("try" as const), body: tie("body") })] : []),
    ),
  })).body;
}

/** Programs of one to four functions, with or without exceptions. */
export function programs(exceptions: boolean): fc.Arbitrary<Program> {
  return fc.integer({ min: 1, max: 4 }).chain((count) =>
    fc.tuple(...Array.from({ length: count }, (_, i) => bodies(i, exceptions)))
  );
}

/** The labels a statement stands in, innermost last: plain ones, and loops with their counter. */
type Labels = readonly ({ readonly name: string; readonly counter: string | null })[];

/** The text form. */
export function programText(program: Program, exceptions: boolean): string {
  let names = 0;
  let counters: string[] = [];
  const expr = (e: Expr): string => {
    switch (e.is) {
      case "const":
        return `i32.const ${e.value}`;
      case "local":
        return `local.get ${e.index}`;
      case "load":
        return `i32.const ${e.cell * 4} i32.load`;
      case "size":
        return "memory.size";
      case "call":
        return `${expr(e.arg)} call $f${e.callee}`;
      default:
        return `${expr(e.a)} ${expr(e.b)} i32.${e.is === "lt" ? "lt_s" : e.is}`;
    }
  };
  const target = (labels: Labels, out: number) => labels[Math.max(0, labels.length - 1 - out)]!;
  const again = (counter: string) =>
    `local.get ${counter} i32.const 1 i32.sub local.tee ${counter} i32.const 0 i32.gt_s`;
  const body = (list: Body, labels: Labels): string => list.map((s) => statement(s, labels)).join("\n");
  const inner = (labels: Labels, counter: string | null = null): Labels => [
    ...labels,
    { name: `$l${names++}`, counter },
  ];
  const statement = (s: Statement, labels: Labels): string => {
    switch (s.is) {
      case "set":
        return `${expr(s.value)} local.set ${s.index}`;
      case "store":
        return `i32.const ${s.cell * 4} ${expr(s.value)} i32.store`;
      case "if": {
        const within = inner(labels);
        const name = within[within.length - 1]!.name;
        const otherwise = s.otherwise === null ? "" : `else ${body(s.otherwise, within)}`;
        return `${expr(s.test)} if ${name} ${body(s.then, within)} ${otherwise} end`;
      }
      case "block": {
        const within = inner(labels);
        return `block ${within[within.length - 1]!.name} ${body(s.body, within)} end`;
      }
      case "loop": {
        const counter = `$c${names++}`;
        counters.push(counter);
        const within = inner(labels, counter);
        return `i32.const ${s.times} local.set ${counter} loop ${within[within.length - 1]!.name}
          ${body(s.body, within)} ${again(counter)} br_if 0 end`;
      }
      case "branch": {
        const to = target(labels, s.out);
        if (to.counter !== null) return `${again(to.counter)} br_if ${to.name}`;
        return s.test === null ? `br ${to.name}` : `${expr(s.test)} br_if ${to.name}`;
      }
      case "table": {
        const plain = labels.filter((label) => label.counter === null);
        return `${expr(s.value)} br_table ${s.outs.map((out) => target(plain, out).name).join(" ")}`;
      }
      case "return":
        return `${expr(s.value)} return`;
      case "fill":
        return `i32.const 64 i32.const 1 i32.const ${s.length} memory.fill`;
      case "grow":
        return `i32.const ${s.pages} memory.grow drop`;
      case "throw":
        return "throw $t";
      case "try": {
        const within = inner(labels);
        const name = within[within.length - 1]!.name;
        return `block ${name} try_table (catch_all ${name}) ${body(s.body, within)} end end`;
      }
      case "nop":
        return "nop";
    }
  };
  const functions = program.map((list, i) => {
    counters = [];
    const text = body(list, [{ name: "$out", counter: null }]);
    const locals = "i32 ".repeat(declaredLocals) + "";
    const extra = counters.map((counter) => `(local ${counter} i32)`).join(" ");
    return `(func $f${i} (param i32) (result i32) (local ${locals}) ${extra} block $out ${text} end local.get 1)`;
  });
  return `(module (memory (export "memory") 1 4) ${exceptions ? "(tag $t)" : ""} ${functions.join("\n")}
    (export "run" (func $f${program.length - 1})))`;
}

/** Prices used by the interpreter, by what it meets. */
export interface CountPrices {
  readonly instruction: number;
  readonly entry: number;
  readonly local: number;
  readonly throwing: number;
  readonly grownPage: number;
  /** For a bulk operation of so many bytes, beyond the instruction's own. */
  readonly bulk: (bytes: number) => number;
}

class Thrown extends Error {}
class TooLong extends Error {}

type Exit = { readonly to: number } | { readonly value: number } | null;

/** What a run of the interpreter gives: the result or an uncaught exception, the memory's cells, and the count. */
export interface Counted {
  readonly result: number | "thrown";
  readonly cells: readonly number[];
  readonly pages: number;
  readonly fuel: number;
}

/** Interprets a program; null if it runs longer than `fuelMax`. */
export function interpret(
  program: Program,
  arg: number,
  prices: CountPrices,
  fuelMax: number,
): Counted | null {
  let fuel = 0;
  let pages = 1;
  const cells = [0, 0, 0, 0];
  const spend = (amount: number) => {
    fuel += amount;
    if (fuel > fuelMax) throw new TooLong();
  };
  const one = () => spend(prices.instruction);
  const loopsOf = (list: Body): number =>
    list.reduce((sum, s) => {
      if (s.is === "loop") return sum + 1 + loopsOf(s.body);
      if (s.is === "block" || s.is === "try") return sum + loopsOf(s.body);
      return s.is === "if" ? sum + loopsOf(s.then) + loopsOf(s.otherwise ?? []) : sum;
    }, 0);
  const run = (index: number, argument: number): number => {
    const locals = [argument, 0, 0, 0];
    const list = program[index]!;
    spend(prices.entry + prices.local * (declaredLocals + loopsOf(list)));
    const value = (e: Expr): number => {
      switch (e.is) {
        case "const":
          one();
          return e.value | 0;
        case "local":
          one();
          return locals[e.index]!;
        case "load":
          one();
          one();
          return cells[e.cell]!;
        case "size":
          one();
          return pages;
        case "call": {
          const argument = value(e.arg);
          one();
          return run(e.callee, argument);
        }
      }
      const a = value(e.a);
      const b = value(e.b);
      one();
      if (e.is === "mul") return Math.imul(a, b);
      if (e.is === "lt") return a < b ? 1 : 0;
      return e.is === "add" ? (a + b) | 0 : e.is === "sub" ? (a - b) | 0 : a ^ b;
    };
    // `scopes` holds, for each label from the outside in, the loop's counter or null.
    const all = (list: Body, scopes: ({ left: number } | null)[]): Exit => {
      for (const s of list) {
        const exit = statement(s, scopes);
        if (exit !== null) return exit;
      }
      return null;
    };
    const inside = (list: Body, scopes: ({ left: number } | null)[]): Exit => {
      const exit = all(list, [...scopes, null]);
      return exit !== null && "to" in exit && exit.to === scopes.length ? null : exit;
    };
    const countDown = (counter: { left: number }): boolean => {
      for (let i = 0; i < 6; i++) one();
      counter.left--;
      one();
      return counter.left > 0;
    };
    const statement = (s: Statement, scopes: ({ left: number } | null)[]): Exit => {
      switch (s.is) {
        case "set": {
          const set = value(s.value);
          one();
          locals[s.index] = set;
          return null;
        }
        case "store": {
          one();
          const stored = value(s.value);
          one();
          cells[s.cell] = stored;
          return null;
        }
        case "if": {
          const test = value(s.test);
          one();
          return inside(test !== 0 ? s.then : s.otherwise ?? [], scopes);
        }
        case "block":
          return inside(s.body, scopes);
        case "try":
          try {
            return inside(s.body, scopes);
          } catch (error) {
            if (!(error instanceof Thrown)) throw error;
            return null;
          }
        case "loop": {
          one();
          one();
          const counter = { left: s.times };
          for (;;) {
            const exit = all(s.body, [...scopes, counter]);
            if (exit !== null && !("to" in exit && exit.to === scopes.length)) return exit;
            if (exit === null && !countDown(counter)) return null;
          }
        }
        case "branch": {
          const to = Math.max(0, scopes.length - 1 - s.out);
          const counter = scopes[to];
          if (counter) return countDown(counter) ? { to } : null;
          if (s.test !== null && value(s.test) === 0) {
            one();
            return null;
          }
          one();
          return { to };
        }
        case "table": {
          const plain = scopes.flatMap((counter, at) => counter === null ? [at] : []);
          const targets = s.outs.map((out) => plain[Math.max(0, plain.length - 1 - out)]!);
          const chosen = value(s.value) >>> 0;
          one();
          return { to: targets[Math.min(chosen, targets.length - 1)]! };
        }
        case "return": {
          const returned = value(s.value);
          one();
          return { value: returned };
        }
        case "fill":
          spend(4 * prices.instruction + prices.bulk(s.length));
          return null;
        case "grow":
          spend(3 * prices.instruction);
          if (pages + s.pages <= 4) {
            pages += s.pages;
            spend(s.pages * prices.grownPage);
          }
          return null;
        case "throw":
          spend(prices.throwing);
          throw new Thrown();
        case "nop":
          return null;
      }
    };
    const exit = all(list, [null]);
    if (exit !== null && "value" in exit) return exit.value;
    one();
    return locals[1]!;
  };
  try {
    let result: number | "thrown";
    try {
      result = run(program.length - 1, arg | 0);
    } catch (error) {
      if (!(error instanceof Thrown)) throw error;
      result = "thrown";
    }
    return { result, cells, pages, fuel };
  } catch (error) {
    if (error instanceof TooLong) return null;
    throw error;
  }
}
