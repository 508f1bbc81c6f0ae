/**
 * The linker: a `thing` for each named person, project, place, product, ticket, URL and file of the notes, and a
 * `mentions` connection from each note to the things it names.
 *
 * Invariants:
 * 1. What stands in the graph afterwards depends on the set of notes alone: memory of earlier runs is not used.
 * 2. A second run writes nothing. Notes are never changed, and things of others are never touched.
 * 3. At most `notesPerRunMax` notes a run: more are refused by name.
 */
import { fail, Json, lastStatus, onInitialize, onQuery, registerAction } from "../../sdk/assemblyscript/assembly";
import { every } from "./every";
import { Resolver } from "./resolve";
import { headsOf, Note, scan, Spellings } from "./scan";
import { thingOf, thingsInGraph, Writer } from "./write";
export * from "../../sdk/assemblyscript/assembly/exports";

let notesPerRunMax: i32 = 4000;
// A handler is a plain function: what it fills stands here while a run lasts.
let reading: Note[] = [];

onInitialize((start) => {
  notesPerRunMax = <i32> start.get("config").get("notesPerRunMax").asInteger(notesPerRunMax);
});

/** Params: `{context?}`. Result: `{notes, things, links, updated, removed, unchanged}`. */
registerAction("link", (params) => {
  const given = params.length == 0 ? Json.object() : Json.parse(params);
  if (!given.isObject) return fail("Cannot link: the params are not a JSON object");
  const context = given.get("context").asText();
  const notes = readNotes(context);
  if (notes === null) return fail("Cannot link: the host does not show the notes, status " + lastStatus().toString());
  if (notes.length > notesPerRunMax) {
    return fail(
      "Cannot link: too_many_notes, more than notesPerRunMax (" + notesPerRunMax.toString() +
        "); link one context at a time",
    );
  }
  const spellings = new Spellings();
  for (let i = 0; i < notes.length; i++) scan(notes[i], i, spellings);
  const things = new Resolver(notes, spellings).things();
  // What was read is done with: let it go before the graph's answers come in.
  for (let i = 0; i < notes.length; i++) notes[i].marks.length = 0;
  __collect();
  const writer = new Writer(notes, context.length == 0);
  writer.write(things);
  if (writer.refused.length > 0) return fail("Cannot link: " + writer.refused);
  return Json.object()
    .setNumber("notes", notes.length)
    .setNumber("things", writer.created)
    .setNumber("links", writer.linked)
    .setNumber("updated", writer.updated)
    .setNumber("removed", writer.removed)
    .setNumber("unchanged", writer.unchanged)
    .toString();
});

/** All things, or those a name or an alias of which is the query: `{things: [{id, name, type, aliases}]}`. */
onQuery((query) => {
  const found = Json.list();
  const things = thingsInGraph();
  if (things === null) return fail("Cannot list things: the host does not show them, status " + lastStatus().toString());
  for (let i = 0; i < things.length; i++) {
    const thing = things[i];
    const aliases = thing.metadata.get("aliases").asTexts();
    if (query.length > 0 && thing.title.toLowerCase() != query.toLowerCase() && !aliases.includes(query)) {
      continue;
    }
    found.push(thingOf(thing));
  }
  return Json.object().set("things", found).toString();
});

/** Notes of a context, or of every context granted, one more than the maximum at most; null where the host refused. */
function readNotes(context: string): Note[] | null {
  reading = [];
  const whole = every("note", "", context, (hit) => {
    const unit = hit.thread.length > 0 ? hit.thread : hit.id;
    reading.push(new Note(hit.id, unit, hit.content, headsOf(hit.title), peopleOf(hit.metadata)));
    return reading.length <= notesPerRunMax;
  });
  const notes = reading;
  reading = [];
  return whole ? notes : null;
}

/** Persons that a note's own fields name. */
function peopleOf(metadata: Json): string[] {
  const fields = ["speaker", "author", "attendees", "people", "with", "assignee", "owner"];
  const people: string[] = [];
  for (let i = 0; i < fields.length; i++) {
    const value = metadata.get(fields[i]);
    if (value.isText) people.push(value.asText());
    const texts = value.asTexts();
    for (let j = 0; j < texts.length; j++) people.push(texts[j]);
  }
  return people;
}
