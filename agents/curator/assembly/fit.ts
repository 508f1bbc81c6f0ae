/**
 * What scripts/fit/curator.ts fits weights to: the curator's reading of notes, as pairs of sentences with their
 * features, and what the rules alone say of them. No agent: no host loads it.
 *
 * `read` takes `{notes}` as engrams and answers `{features, statements, pairs}`: names; each sentence with its links; each
 * pair as [newer, older, 1 if it is void, features…], by places in `statements`.
 */
import { Engram, Json, registerAction } from "../../sdk/assemblyscript/assembly";
import { compareSections, Section, Statement } from "./notes";
import { featureNames, isVoid } from "./pairs";
import { Memory, relate } from "./relations";
import { Reversals } from "./reversals";
export * from "../../sdk/assemblyscript/assembly/exports";

registerAction("read", (params) => {
  const notes = Json.parse(params).get("notes");
  const sections: Section[] = [];
  for (let i = 0; i < notes.length; i++) sections.push(new Section(new Engram(notes.at(i))));
  sections.sort(compareSections);
  const reversals = new Reversals();
  const all: Statement[] = [];
  for (let i = 0; i < sections.length; i++) {
    reversals.add(sections[i]);
    const own = sections[i].statements;
    for (let j = 0; j < own.length; j++) {
      own[j].section = i;
      own[j].run = 1;
      all.push(own[j]);
    }
  }
  reversals.look(i64.MAX_VALUE);
  relate(all, sections, 0.9, new Memory(), i64.MAX_VALUE, 1);
  reversals.weigh(i64.MAX_VALUE);
  const place = new Map<u64, i32>();
  for (let i = 0; i < all.length; i++) place.set(all[i].uid, i);
  const statements: Json[] = [], pairs: Json[] = [];
  for (let i = 0; i < all.length; i++) {
    const one = all[i];
    const links: Json[] = [];
    for (let j = 0; j < one.links.length; j++) {
      const link = one.links[j];
      links.push(
        Json.object().setText("type", link.type).setNumber("to", place.get(link.target.uid)).setNumber("certainty", link.certainty),
      );
    }
    const sketch = one.sketch;
    const cue = sketch === null ? "" : sketch.cue.length > 0 ? sketch.cue : sketch.weak;
    statements.push(Json.object().setText("text", one.text).setText("cue", cue).set("links", Json.list(links)));
    for (let j = 0; j < one.pairs.length; j++) {
      const pair = one.pairs[j];
      const line: Json[] = [Json.number(i), Json.number(place.get(pair.older.uid)), Json.number(isVoid(pair) ? 1 : 0)];
      const features = pair.features!;
      for (let k = 0; k < features.length; k++) line.push(Json.number(features[k]));
      pairs.push(Json.list(line));
    }
  }
  return Json.object().setText("features", featureNames).set("statements", Json.list(statements)).set("pairs", Json.list(pairs)).toString();
});
