/**
 * Things and mentions written to the graph: only what differs from what stands there.
 *
 * Invariants:
 * 1. The agent's own things are those of kind `thing` with source `linker`; nothing else is changed or deleted.
 * 2. A thing that other connections than `mentions` hold is never deleted.
 */
import {
  addToContext,
  connect,
  createEngram,
  deleteEngram,
  Engram,
  findConnected,
  Json,
  lastStatus,
  updateEngram,
} from "../../sdk/assemblyscript/assembly";
import { every } from "./every";
import { compare, Mention, Thing } from "./resolve";
import { Watch } from "../../curator/assembly/watch";
import { Note } from "./scan";

const source = "linker";

let found: Engram[] = [];

/** The things this agent has made; null where the host refused to show them. */
export function thingsInGraph(): Engram[] | null {
  found = [];
  const whole = every("thing", source, "", (thing) => {
    found.push(thing);
    return true;
  });
  const things = found;
  found = [];
  if (!whole) return null;
  things.sort((a, b) => compare(a.ref, b.ref));
  return things;
}

/** A thing as an answer shows it. */
export function thingOf(thing: Engram): Json {
  return Json.object().setText("id", thing.id).setText("name", thing.title)
    .set("type", thing.metadata.get("type")).set("aliases", thing.metadata.get("aliases"));
}

/** Engrams that came with answers since the last collection: their texts are garbage at once. */
let answered: i32 = 0;
const answeredMax: i32 = 500;

/** What stands in the graph for one thing. */
class Standing {
  readonly notes: Set<string> = new Set<string>();
  /** Something else is connected to it. */
  held: bool = false;

  constructor(id: string) {
    const connected = findConnected(id);
    for (let i = 0; i < connected.length; i++) {
      const via = connected[i].via;
      // The last connection of the way says how it was reached.
      const last = via.isList ? via.at(via.length - 1) : via;
      if (last.get("type").asText("mentions") == "mentions") this.notes.add(connected[i].engram.id);
      else this.held = true;
    }
    answered += connected.length;
    if (answered > answeredMax) {
      answered = 0;
      __collect();
    }
  }
}

export class Writer {
  created: i32 = 0;
  updated: i32 = 0;
  removed: i32 = 0;
  linked: i32 = 0;
  unchanged: i32 = 0;
  /** The first refusal of the host, or "". */
  refused: string = "";
  /** The things by ref, and the contexts they are in. */
  readonly ids: Map<string, string> = new Map<string, string>();
  readonly places: Map<string, Set<string>> = new Map<string, Set<string>>();
  private readonly read: Set<string> = new Set<string>();

  constructor(
    public notes: Note[],
    /** All notes were read: what is not among the things is gone. */
    private readonly whole: bool,
    /** Told what is written, so that it is no news. */
    private readonly watch: Watch,
    /** The context that what is created joins. */
    private readonly here: string,
  ) {
    for (let i = 0; i < notes.length; i++) this.read.add(notes[i].id);
  }

  write(things: Thing[]): void {
    const old = thingsInGraph();
    if (old === null) return this.refuse("show the things");
    const byRef = new Map<string, Engram>();
    for (let i = 0; i < old.length; i++) byRef.set(old[i].ref, old[i]);
    const wanted = new Set<string>();
    for (let i = 0; i < things.length; i++) wanted.add(things[i].ref);
    // A thing that has got another name: the old one whose name or alias it bears.
    const free = new Map<string, Engram>();
    if (this.whole) {
      for (let i = 0; i < old.length; i++) {
        if (!wanted.has(old[i].ref)) free.set(old[i].title, old[i]);
      }
    }
    const used = new Set<string>();
    for (let i = 0; i < things.length && this.refused.length == 0; i++) {
      const thing = things[i];
      let known: Engram | null = null;
      if (byRef.has(thing.ref)) known = byRef.get(thing.ref);
      else if (free.has(thing.name)) known = free.get(thing.name);
      else {
        for (let j = 0; j < thing.aliases.length && known === null; j++) {
          if (free.has(thing.aliases[j])) known = free.get(thing.aliases[j]);
        }
      }
      if (known !== null && used.has(known.id)) known = null;
      if (known !== null) used.add(known.id);
      this.put(thing, known);
    }
    if (!this.whole || this.refused.length > 0) return;
    for (let i = 0; i < old.length; i++) {
      if (used.has(old[i].id) || new Standing(old[i].id).held) continue;
      this.watch.wrote(old[i].id);
      if (deleteEngram(old[i].id) < 0) this.refuse("remove a thing");
      this.removed++;
    }
  }

  private refuse(what: string): void {
    if (this.refused.length == 0) {
      this.refused = "the host refused to " + what + ", status " + lastStatus().toString();
    }
  }

  private put(thing: Thing, known: Engram | null): void {
    if (known !== null) {
      const places = new Set<string>();
      const contexts = known.contexts;
      for (let i = 0; i < contexts.length; i++) places.add(contexts[i]);
      this.places.set(known.id, places);
    }
    if (known === null) {
      const id = this.create(thing);
      if (id.length > 0) this.link(thing, id, null);
      return;
    }
    const standing = new Standing(known.id);
    if (this.whole && !standing.held && this.isStale(thing, standing)) {
      // A mention that no longer holds goes with the thing; there is no other way to take a connection back.
      this.watch.wrote(known.id);
      if (deleteEngram(known.id) < 0) return this.refuse("renew a thing");
      const id = this.create(thing);
      this.created--;
      this.updated++;
      if (id.length > 0) this.link(thing, id, standing);
      return;
    }
    this.update(thing, known);
    this.link(thing, known.id, standing);
  }

  private isStale(thing: Thing, standing: Standing): bool {
    const now = new Set<string>();
    const notes = thing.mentions.keys();
    for (let i = 0; i < notes.length; i++) now.add(this.notes[notes[i]].id);
    const before = standing.notes.values();
    for (let i = 0; i < before.length; i++) {
      if (!now.has(before[i])) return true;
    }
    return false;
  }

  private metadataOf(thing: Thing, known: Engram | null): Json {
    const aliases = thing.aliases.slice(0);
    if (!this.whole && known !== null) {
      const before = known.metadata.get("aliases").asTexts();
      for (let i = 0; i < before.length; i++) {
        if (!aliases.includes(before[i]) && before[i] != thing.name) aliases.push(before[i]);
      }
    }
    aliases.sort(compare);
    // A part of the notes says less than what an earlier run saw.
    const partial = !this.whole && known !== null;
    const type = partial && known !== null ? known.metadata.get("type") : Json.text(thing.type);
    const evidence = partial && known !== null ? known.metadata.get("evidence") : Json.texts(thing.why);
    return Json.object().set("type", type).set("aliases", Json.texts(aliases)).set("evidence", evidence);
  }

  private create(thing: Thing): string {
    const metadata = this.metadataOf(thing, null)
      .setText("kind", "thing").setText("title", thing.name).setText("ref", thing.ref);
    const id = createEngram(thing.name, metadata, source);
    this.watch.wrote(id);
    if (id.length == 0) this.refuse("create a thing");
    else this.created++;
    const places = new Set<string>();
    places.add(this.here);
    this.places.set(id, places);
    return id;
  }

  private update(thing: Thing, known: Engram): void {
    const name = this.whole ? thing.name : known.title;
    const metadata = this.metadataOf(thing, known);
    const same = known.title == name && known.ref == thing.ref && known.content == name &&
      metadata.toString() == known.metadata.toString();
    if (same) {
      this.unchanged++;
      return;
    }
    metadata.setText("kind", "thing").setText("title", name).setText("ref", thing.ref);
    this.watch.wrote(known.id);
    if (updateEngram(known.id, name, metadata) < 0) this.refuse("update a thing");
    this.updated++;
  }

  /** Links one more note to the things it names that are there; what is not there waits. */
  add(things: Thing[]): void {
    for (let i = 0; i < things.length && this.refused.length == 0; i++) {
      if (this.ids.has(things[i].ref)) this.link(things[i], this.ids.get(things[i].ref), null);
    }
  }

  private link(thing: Thing, id: string, standing: Standing | null): void {
    this.ids.set(thing.ref, id);
    const notes = thing.mentions.keys();
    for (let i = 0; i < notes.length && this.refused.length == 0; i++) {
      const mention = thing.mentions.get(notes[i]);
      const note = this.notes[mention.note];
      if (connect(note.id, id, "mentions", this.mentionMetadata(note, mention)).length == 0) {
        this.refuse("link a note to a thing");
        return;
      }
      // Where its notes are a thing is found as well.
      const places = this.places.get(id);
      for (let j = 0; j < note.contexts.length; j++) {
        if (places.has(note.contexts[j])) continue;
        places.add(note.contexts[j]);
        this.watch.wrote(id);
        if (addToContext(note.contexts[j], id) < 0) this.refuse("add a thing to a context");
      }
      if (standing === null || !standing.notes.has(note.id)) this.linked++;
      else this.unchanged++;
    }
  }

  private mentionMetadata(note: Note, mention: Mention): Json {
    const metadata = Json.object();
    if (mention.heading) {
      return metadata.setText("field", "title")
        .setText("text", note.title.substring(mention.start, mention.end))
        .setNumber("count", mention.count);
    }
    return metadata
      .setNumber("start", note.byteAt(mention.start))
      .setNumber("end", note.byteAt(mention.end))
      .setText("text", note.content.substring(mention.start, mention.end))
      .setNumber("count", mention.count);
  }
}
