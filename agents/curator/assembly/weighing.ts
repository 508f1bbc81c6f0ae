/**
 * Which of its candidates a later sentence ends, by the weights of weights.ts, and how surely.
 *
 * Invariants:
 * 1. A sum of whole numbers: the same on every machine.
 * 2. What was weighed is weighed again only where a candidate came or went, or one of its words became rarer or more
 *    common: the outcome is that of weighing all anew.
 */
import { noEnds, Statement } from "./notes";
import { isVoid, measure, newerRarities, olderRarities, placeAmong, Rarity } from "./pairs";
import { Ended } from "./reversals";
import { act, base, besides, bounds, depth, features, leaves, propose, width } from "./weights";

/** Of what is sure enough to act on, and of what a person is asked. */
export const actingCertainty: f64 = 0.92;
export const proposedCertainty: f64 = 0.6;

/** The sum over all trees: log-odds in 1024ths that the pair's later sentence ends its earlier one. */
export function sumOf(values: StaticArray<i16>): i32 {
  const questions = (1 << depth) - 1;
  let sum = base, first = 0;
  for (let from = 0; from < features.length; from += questions) {
    let at = 0;
    while (at < questions) at = 2 * at + 1 + (values[<i32> features[from + at]] > <i32> bounds[from + at] ? 1 : 0);
    sum += <i32> leaves[first + at - questions];
    first += questions + 1;
  }
  return sum;
}

/** Brings what a later sentence ends up to date; how many pairs were measured for it. */
export function weigh(newer: Statement, rarity: Rarity): i32 {
  const pairs = newer.pairs;
  const own = rarity.signature(newer, newerRarities);
  let measured = 0;
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i];
    const signature = own * 31 + rarity.signature(pair.older, olderRarities);
    if (pair.signature == signature && pair.features !== null) continue;
    pair.signature = signature;
    measure(pair, rarity);
    measured++;
  }
  if (measured == 0 && newer.weighedPairs == pairs.length) return 0;
  newer.weighedPairs = pairs.length;
  placeAmong(pairs);
  let best: i32 = propose;
  for (let i = 0; i < pairs.length; i++) {
    pairs[i].sum = isVoid(pairs[i]) || pairs[i].features!.length != width ? i32.MIN_VALUE : sumOf(pairs[i].features!);
    best = max(best, pairs[i].sum);
  }
  const ends: Ended[] = [];
  const cue = newer.sketch!.cue.length > 0 ? newer.sketch!.cue : newer.sketch!.weak;
  for (let i = 0; i < pairs.length; i++) {
    const sum = pairs[i].sum;
    if (sum < propose || sum < best - besides) continue;
    // Beside one to act on, the others are acted on or left.
    if (sum < act && best >= act) continue;
    const certainty = sum >= act ? actingCertainty : proposedCertainty;
    ends.push(new Ended(pairs[i].older, cue, "weighs as a change of the same", certainty));
  }
  newer.weighed = ends.length == 0 ? noEnds : ends;
  return measured;
}
