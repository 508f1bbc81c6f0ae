/**
 * The curator: joins near-duplicate notes, takes facts from notes as verbatim sentences, and says which fact
 * supersedes or contradicts which. What it is not certain of it proposes.
 *
 * Invariants:
 * 1. Once it is done, what it wrote is a function of the notes: a second run writes nothing, and no order of import
 *    matters. Before, nothing is written: who takes a part for the whole would take back what the rest says.
 * 2. A fact is a sentence of a note, byte for byte, with a `from` connection that says where it stands.
 * 3. A user's text is never changed; every connection says why in its metadata.
 */
import { currentContext, Engram, fail, Json, onInitialize, onQuery, registerAction } from "../../sdk/assemblyscript/assembly";
import { Counts, Desk } from "./desk";
import { sectionUnitsMax } from "./notes";
import { Watch } from "./watch";
export * from "../../sdk/assemblyscript/assembly/exports";

/** Engrams that one step takes up when the host wakes it, and facts it writes: they keep it to a second or two. */
const wokenReadsMax: i32 = 150;
const wokenWritesMax: i32 = 1000;

let self = "";
let actCertainty: f64 = 0.9;
const watch = new Watch(["note", "fact"]);
const desks = new Map<string, Desk>();
/** The contexts in which an engram was seen. */
const placed = new Map<string, string[]>();

onInitialize((start) => {
  self = start.get("agent").asText();
  actCertainty = start.get("config").get("actCertainty").asNumber(actCertainty);
});
onQuery((_query) => Json.object().setText("agent", self).toString());

registerAction("curate", (params) => {
  const given = Json.parse(params);
  const woken = given.get("woken").asBool();
  const limit = <i32> given.get("limit").asInteger(woken ? wokenReadsMax : i32.MAX_VALUE);
  if (limit < 1) return fail("Cannot curate: limit is below 1");
  const wanted = given.get("context").asText();
  const here = currentContext();
  const counts = new Counts();
  if (!watch.read(limit, take, drop)) return fail("Cannot curate: the host does not show the notes");
  let done = watch.done;
  let contexts = 0;
  if (done) {
    const chosen = contextsOf(wanted, here.get("id").asText(), here.get("name").asText());
    contexts = chosen.length;
    for (let i = 0; i < chosen.length && done; i++) {
      const desk = desks.get(chosen[i]);
      if (woken && !desk.changed) continue;
      const writesMax = woken ? wokenWritesMax : i32.MAX_VALUE;
      done = desk.curate(here.get("id").asText(), actCertainty, writesMax, watch, counts);
    }
  }
  return Json.object().setNumber("contexts", contexts).setNumber("notes", counts.notes)
    .setNumber("facts", counts.facts).setNumber("duplicates", counts.duplicates)
    .setNumber("reversals", counts.reversals).setNumber("contradictions", counts.contradictions)
    .setNumber("proposals", counts.proposals).setNumber("created", counts.created).setNumber("removed", counts.removed)
    .setNumber("left", watch.left).setBool("done", done).toString();
});

function deskOf(context: string): Desk {
  if (!desks.has(context)) desks.set(context, new Desk(context));
  return desks.get(context);
}

function take(engram: Engram): void {
  const units = engram.content.length;
  const note = engram.kind == "note" && units > 0 && units <= sectionUnitsMax;
  if (!note && (engram.kind != "fact" || engram.by.get("agent").asText() != self)) return drop(engram.id);
  const contexts = engram.contexts;
  const before = placed.has(engram.id) ? placed.get(engram.id) : [];
  for (let i = 0; i < before.length; i++) if (!contexts.includes(before[i])) desks.get(before[i]).drop(engram.id);
  for (let i = 0; i < contexts.length; i++) {
    if (note) deskOf(contexts[i]).putNote(engram);
    else deskOf(contexts[i]).putFact(engram);
  }
  placed.set(engram.id, contexts);
}

function drop(id: string): void {
  // A fact of ours is on the desks it was made on, without having been taken.
  const all = desks.values();
  for (let i = 0; i < all.length; i++) all[i].drop(id);
  placed.delete(id);
}

/** The contexts to work in: the one asked for, else the step's if it holds notes, else each that does. */
function contextsOf(wanted: string, here: string, hereName: string): string[] {
  const named = wanted == hereName ? here : wanted;
  const all = desks.keys();
  all.sort();
  const held: string[] = [];
  for (let i = 0; i < all.length; i++) if (desks.get(all[i]).holdsNotes || all[i] == named) held.push(all[i]);
  if (named.length > 0) return held.includes(named) ? [named] : [];
  return held.includes(here) ? [here] : held;
}
