/**
 * Runs every recursive module to its stack depth, on the stack of the thread and on one made for a suspending call, under a
 * JavaScript stack of some frames; prints what V8 ended first. Started by depth_test.ts with compiler flags.
 */
import { defaultStackDepthMax, reasons } from "../../src/wasm/mod.ts";
import { Guest } from "../support/guest.ts";
import { wat } from "../support/wat.ts";
import { recursive } from "./depth_modules.ts";

/** JavaScript frames under the guest: more than a worker's message loop and a host call need. */
const frames = 300;

const under = (count: number, run: () => unknown): unknown => {
  const held = [count, count];
  const result = count === 0 ? run() : under(count - 1, run);
  return held[0] === count ? result : held;
};

function promising(target: unknown): (...args: bigint[]) => Promise<unknown> {
  const make: unknown = Reflect.get(WebAssembly, "promising");
  if (typeof make !== "function") throw new Error("no promising()");
  return make(target);
}

const wrong: string[] = [];
for (const [name, text] of Object.entries(recursive)) {
  const guest = new Guest(wat(`(module ${text})`));
  const target = guest.exports["f"];
  const args = Array.from({ length: typeof target === "function" ? target.length : 0 }, () => 0n);
  for (let turn = 0; turn < 3; turn++) {
    const ended = under(frames, () => guest.call("f", ...args));
    if (guest.global("engramlt:reason").value !== reasons.stackDepth) {
      wrong.push(`${name}: ${JSON.stringify(ended, null, 0)}`);
    }
  }
  guest.global("engramlt:depth").value = defaultStackDepthMax;
  guest.global("engramlt:reason").value = 0;
  await promising(target)(...args).catch((error: unknown) => error);
  if (guest.global("engramlt:reason").value !== reasons.stackDepth) {
    wrong.push(`${name}: on a stack of its own`);
  }
}
console.log(JSON.stringify(wrong));
