/** Law: the fuel of a completed call is the exact sum of its instructions, and results are those of the plain module. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { bulkBytesShift, prices } from "../../src/wasm/mod.ts";
import { Guest } from "../support/guest.ts";
import { type Counted, interpret, type Program, programs, programText } from "../support/programs.ts";
import { wat } from "../support/wat.ts";

const countPrices = { ...prices, bulk: (bytes: number) => Math.floor(bytes / 2 ** bulkBytesShift) };

function cellsOf(exports: WebAssembly.Exports): number[] {
  const memory = exports["memory"];
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("no memory");
  return [...new Int32Array(memory.buffer, 0, 4)];
}

function check(program: Program, arg: number, exceptions: boolean): void {
  const counted = interpret(program, arg, countPrices, 200_000);
  fc.pre(counted !== null);
  const bytes = wat(programText(program, exceptions));
  const guest = new Guest(bytes);
  const ended = guest.call("run", arg);
  assert.deepEqual(seen(guest, ended), counted);
  fc.pre(counted.result !== "thrown");
  const fuel = BigInt(counted.fuel);
  assert.equal(spent(bytes, arg, fuel).outOfFuel, false);
  assert.equal(spent(bytes, arg, fuel - 1n).outOfFuel, true);
}

function seen(guest: Guest, ended: ReturnType<Guest["call"]>): Counted {
  const memory = guest.exports["memory"];
  const pages = memory instanceof WebAssembly.Memory ? memory.buffer.byteLength / 65536 : 0;
  const result = ended.trap === null ? Number(ended.result) : "thrown";
  return { result, cells: cellsOf(guest.exports), pages, fuel: Number(ended.fuelUsed) };
}

function spent(bytes: Uint8Array, arg: number, fuel: bigint): ReturnType<Guest["call"]> {
  const guest = new Guest(bytes);
  guest.fuel = fuel;
  return guest.call("run", arg);
}

for (const exceptions of [false, true]) {
  const kind = exceptions ? "with exceptions" : "without exceptions";
  // proves: rfc-3.2-metering
  Deno.test(`the fuel of a program ${kind} is the count of its instructions, and one less does not suffice`, () => {
    fc.assert(
      fc.property(
        programs(exceptions),
        fc.integer({ min: -5, max: 5 }),
        (program, arg) => check(program, arg, exceptions),
      ),
      { numRuns: 300 },
    );
  });
}
