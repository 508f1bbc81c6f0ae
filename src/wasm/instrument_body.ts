/**
 * Writes one function body again with fuel, depth and NaN rules built in.
 *
 * A counted body stands in one more block, which takes the place of the function's own label: every way out but a tail call
 * and a trap passes its end, where the depth is given back.
 */
import type { Additions } from "./additions.ts";
import type { BodyFrame } from "./body_frame.ts";
import { scanBody } from "./body_scan.ts";
import {
  endStep,
  getGlobal,
  getLocal,
  i32,
  i64,
  ifThen,
  leb,
  outOfFuelIfNegative,
  reasons,
  setGlobal,
  sleb,
  teeLocal,
} from "./code.ts";
import { engineBodyBytesMax, type ProfileLimits } from "./limits.ts";
import type { Body, Module } from "./module.ts";
import { within } from "./reader.ts";
import { frameCost, leafFrameBytesMax } from "./stack_depth.ts";
import { typeCodes } from "./value_types.ts";
import { Writer } from "./writer.ts";

/** The limits a body is held against. */
export interface BodyPolicy {
  readonly limits: ProfileLimits;
  readonly stackDepthMax: number;
}

/** Instruments one body; gives its new bytes, without the size in front. */
export function instrumentBody(
  module: Module,
  additions: Additions,
  policy: BodyPolicy,
  index: number,
  body: Body,
): Writer {
  const frame = scanBody(module, additions, policy.limits, index, body);
  return new BodyWriter(frame, additions).write(policy.stackDepthMax);
}

class BodyWriter {
  readonly #body: BodyFrame;
  readonly #additions: Additions;

  constructor(body: BodyFrame, additions: Additions) {
    this.#body = body;
    this.#additions = additions;
  }

  /** Writes the body again, with everything the pass found. */
  write(stackDepthMax: number): Writer {
    const declared = this.#body.locals + this.#body.heightMax + this.#body.passedMax;
    const frame = frameCost(this.#body.type, declared, this.#body.vectors);
    within(frame, stackDepthMax, "stackDepthMax", "the frame of a function in bytes", this.#body.start);
    const cost = frameCost(this.#body.type, declared + this.#body.shared.finish(), this.#body.vectors);
    const counted = this.#body.calls || cost > leafFrameBytesMax;
    const { depth } = this.#additions;
    let release: number[] = [];
    if (counted) {
      // Where an exception can land, what its unwinding skipped is taken back from the local.
      const restored = this.#body.catches ? getLocal(this.#body.spare("i32")) : getGlobal(depth);
      release = [...restored, ...i32(cost), 0x6a, ...setGlobal(depth)];
      for (const at of this.#body.tailCalls) this.#body.insert(at, release);
      for (const { at, depth: label } of this.#body.returns) {
        this.#body.edits.push({ at, remove: 1, code: [0x0c, ...leb(label)] });
      }
      if (this.#body.catches) {
        const landing = [...getLocal(this.#body.spare("i32")), ...setGlobal(depth)];
        for (const at of this.#body.landings) this.#body.insert(at, landing);
      }
    }
    const prologue = this.#charges();
    const spares = [...this.#body.spares.keys()];
    const out = new Writer(this.#body.reader.end - this.#body.groupsAt + 256);
    out.u32(this.#body.groups + spares.length).slice(
      this.#body.module.bytes,
      this.#body.groupsAt,
      this.#body.start,
    );
    for (const type of spares) out.byte(1).byte(typeCodes[type]);
    if (counted) out.raw(this.#takeDepth(cost)).raw(prologue).raw(this.#wrapper());
    else out.raw(prologue);
    this.#copy(out);
    if (counted) out.raw(release).byte(0x0b);
    within(
      out.length,
      engineBodyBytesMax,
      "engineBodyBytesMax",
      "a metered function body in bytes",
      this.#body.start,
    );
    return out;
  }

  /** Turns charges and loop headers into edits; returns what stands at the entry. */
  #charges(): number[] {
    const { fuel, reason } = this.#additions;
    const local = this.#body.spare("i64");
    const fuelAt = new Map(this.#body.blocks.charges.map((charge) => [charge.at, charge.fuel]));
    const checked = (amount: number): number[] => {
      const check = [...getLocal(local), ...outOfFuelIfNegative(reason)];
      if (amount === 0) return [...getGlobal(fuel), ...outOfFuelIfNegative(reason)];
      return [...getGlobal(fuel), ...i64(amount), 0x7d, ...teeLocal(local), ...setGlobal(fuel), ...check];
    };
    for (const [at, amount] of fuelAt) {
      if (at === this.#body.start || this.#body.loops.has(at)) continue;
      this.#body.insert(at, [...getGlobal(fuel), ...i64(amount), 0x7d, ...setGlobal(fuel)]);
    }
    for (const at of this.#body.loops) this.#body.insert(at, checked(fuelAt.get(at) ?? 0));
    return checked(fuelAt.get(this.#body.start) ?? 0);
  }

  #takeDepth(cost: number): number[] {
    const { depth, reason } = this.#additions;
    const keep = this.#body.catches ? teeLocal(this.#body.spare("i32")) : [];
    return [
      ...getGlobal(depth),
      ...i32(cost),
      0x6b,
      ...keep,
      ...setGlobal(depth),
      ...getGlobal(depth),
      ...i32(0),
      0x48,
      ...ifThen(endStep(reason, reasons.stackDepth)),
    ];
  }

  /** The block around a counted body: every way out but a tail call and a trap passes its end. */
  #wrapper(): number[] {
    const { results } = this.#body.type;
    const only = results[0];
    if (only === undefined) return [0x02, 0x40];
    if (results.length === 1) return [0x02, typeCodes[only]];
    return [0x02, ...sleb(this.#additions.type([], results))];
  }

  #copy(out: Writer): void {
    const { bytes } = this.#body.module;
    this.#body.edits.sort((a, b) => a.at - b.at || a.remove - b.remove);
    let from = this.#body.start;
    for (const { at, remove, code } of this.#body.edits) {
      out.slice(bytes, from, at).raw(code);
      from = at + remove;
    }
    out.slice(bytes, from, this.#body.reader.end);
  }
}
