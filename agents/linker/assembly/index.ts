/**
 * The linker: a `thing` for each named person, project, place, product, ticket, URL and file of the notes, and a
 * `mentions` connection from each note to the things it names.
 *
 * Invariants:
 * 1. What stands in the graph after a run by hand depends on the set of notes alone: memory of earlier runs is not used.
 * 2. A second run writes nothing. Notes are never changed, and things of others are never touched.
 * 3. At most `notesPerRunMax` notes a run: more are refused by name.
 * 4. Woken, it reads what changed and links it to the things there are; when one note in fifty has changed since, all
 *    names are weighed anew, and the graph is as after a run by hand.
 */
import {
  currentContext,
  Engram,
  fail,
  Json,
  lastStatus,
  onInitialize,
  onQuery,
  registerAction,
} from "../../sdk/assemblyscript/assembly";
import { Watch } from "../../curator/assembly/watch";
import { every } from "./every";
import { Resolver } from "./resolve";
import { Note, scan, Spellings } from "./scan";
import { thingOf, thingsInGraph, Writer } from "./write";
export * from "../../sdk/assemblyscript/assembly/exports";

let notesPerRunMax: i32 = 4000;
/** Notes that one woken step takes up. */
const wokenReadsMax: i32 = 400;
/** When one note in so many has changed, all names are weighed anew. */
const changedShare: i32 = 50;

const watch = new Watch(["note"]);
const known = new Map<string, Note>();
let fresh: Note[] = [];
/** Notes that came, changed or went since names were weighed; -1: they never were. */
let changed: i32 = -1;
let spellings = new Spellings();
let resolver: Resolver | null = null;
let writer: Writer | null = null;

// A handler is a plain function: what it fills stands here while a run lasts.
let reading: Note[] = [];

onInitialize((start) => {
  notesPerRunMax = <i32> start.get("config").get("notesPerRunMax").asInteger(notesPerRunMax);
});

/** Params: `{context?}`. Result: `{notes, things, links, updated, removed, unchanged}`. */
registerAction("link", (params) => {
  const given = params.length == 0 ? Json.object() : Json.parse(params);
  if (!given.isObject) return fail("Cannot link: the params are not a JSON object");
  if (given.get("woken").asBool()) return linkChanges();
  const context = given.get("context").asText();
  const notes = readNotes(context);
  if (notes === null) return fail("Cannot link: the host does not show the notes, status " + lastStatus().toString());
  if (notes.length > notesPerRunMax) return tooMany("link one context at a time");
  weigh(notes, context.length == 0);
  return told(notes.length);
});

function tooMany(hint: string): string {
  return fail(
    "Cannot link: too_many_notes, more than notesPerRunMax (" + notesPerRunMax.toString() + "); " + hint,
  );
}

function linkChanges(): string {
  const read = watch.read(
    wokenReadsMax,
    (engram: Engram) => {
      if (engram.kind != "note") return;
      const note = noteOf(engram);
      if (changed >= 0) {
        changed++;
        fresh.push(note);
      }
      known.set(note.id, note);
    },
    (id: string) => {
      if (known.delete(id) && changed >= 0) changed++;
    },
  );
  if (!read) return fail("Cannot link: the host does not show the notes, status " + lastStatus().toString());
  if (known.size > notesPerRunMax) return tooMany("unload the linker, or give it more");
  if (!watch.done) return Json.object().setNumber("notes", known.size).setBool("done", false).toString();
  const added = fresh;
  fresh = [];
  if (changed < 0 || changed * changedShare > known.size) {
    changed = 0;
    weigh(known.values(), true);
  } else {
    const writing = writer!;
    for (let i = 0; i < added.length && writing.refused.length == 0; i++) {
      writing.notes = [added[i]];
      scan(added[i], 0, spellings);
      writing.add(resolver!.namedIn(added[i]));
      added[i].marks.length = 0;
    }
  }
  return told(known.size);
}

/** Weighs all names, and writes what follows. */
function weigh(notes: Note[], whole: bool): void {
  spellings = new Spellings();
  for (let i = 0; i < notes.length; i++) scan(notes[i], i, spellings);
  const weighing = new Resolver(notes, spellings);
  const things = weighing.things();
  // What was read is done with: let it go before the graph's answers come in.
  for (let i = 0; i < notes.length; i++) notes[i].marks.length = 0;
  __collect();
  resolver = weighing;
  const writing = new Writer(notes, whole, watch, currentContext().get("id").asText());
  writing.write(things);
  writer = writing;
}

function told(notes: i32): string {
  const written = writer!;
  if (written.refused.length > 0) return fail("Cannot link: " + written.refused);
  const answer = Json.object()
    .setNumber("notes", notes)
    .setNumber("things", written.created)
    .setNumber("links", written.linked)
    .setNumber("updated", written.updated)
    .setNumber("removed", written.removed)
    .setNumber("unchanged", written.unchanged)
    .toString();
  written.created = written.linked = written.updated = written.removed = written.unchanged = 0;
  return answer;
}

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
    reading.push(noteOf(hit));
    return reading.length <= notesPerRunMax;
  });
  const notes = reading;
  reading = [];
  return whole ? notes : null;
}

function noteOf(hit: Engram): Note {
  const unit = hit.thread.length > 0 ? hit.thread : hit.id;
  const note = new Note(hit.id, unit, hit.content, hit.title, peopleOf(hit.metadata));
  note.contexts = hit.contexts;
  return note;
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
