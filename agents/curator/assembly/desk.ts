/**
 * What the curator knows of one context: its sections, and the facts of ours that stand there.
 *
 * Owns: making the graph say what the notes say. Does not own: reading the notes (watch.ts), what they say (notes.ts,
 * alike.ts, relations.ts).
 *
 * Invariants:
 * 1. Once it is done, what stands in the graph is a function of the notes (and of what a person said to proposals):
 *    no order of import matters, and a second run writes nothing.
 * 2. Only what is not as it was written is looked at in the graph: work is that of what changed.
 * 3. A pair that was proposed once, whatever was said to it, is neither connected nor proposed again.
 */
import {
  addToContext,
  connect,
  createEngram,
  deleteEngram,
  Engram,
  findConnected,
  Json,
  updateEngram,
} from "../../sdk/assemblyscript/assembly";
import { alikePairs, keysOf } from "./alike";
import { compareSections, Link, noLinks, Section, Statement, Stored } from "./notes";
import { Memory, relate } from "./relations";
import { endedNow, Reversals } from "./reversals";
import { Watch } from "./watch";

/** Pairs of statements compared in a step, for each fact it may write: both cost about as much. */
const pairsPerWriteMax: i64 = 3;
/** Pairs of sentences compared by their words, likewise: they cost less. */
const looksPerWriteMax: i64 = 200;
/** Pairs of sentences weighed in a step, likewise. */
const measuresPerWriteMax: i64 = 10;
/** Pairs of sections judged in a step, likewise. */
const judgesPerWriteMax: i32 = 1;
/** The type of a connection that waits for a person. */
const proposed = "proposed";

export class Counts {
  notes: i32 = 0;
  duplicates: i32 = 0;
  facts: i32 = 0;
  reversals: i32 = 0;
  contradictions: i32 = 0;
  proposals: i32 = 0;
  created: i32 = 0;
  removed: i32 = 0;
}

export class Desk {
  private readonly sections: Map<string, Section> = new Map<string, Section>();
  /** All of them, in order. */
  private readonly ordered: Section[] = [];
  private readonly facts: Map<string, Stored> = new Map<string, Stored>();
  private readonly factRefs: Map<string, string> = new Map<string, string>();
  private readonly joined: Set<u64> = new Set<u64>();
  private readonly memory: Memory = new Memory();
  private readonly reversals: Reversals = new Reversals();
  private run: i32 = 0;
  /** Something is not in the graph yet. */
  changed: bool = true;

  constructor(readonly context: string) {}

  /** It has notes, or has facts of notes that are gone. */
  get holdsNotes(): bool {
    return this.sections.size > 0;
  }

  putNote(note: Engram): void {
    this.dropNote(note.id);
    const section = new Section(note);
    // Read now, so that a step's work is that of what it takes up.
    this.reversals.add(section);
    keysOf(section);
    this.sections.set(note.id, section);
    let low = 0, high = this.ordered.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareSections(this.ordered[middle], section) <= 0) low = middle + 1;
      else high = middle;
    }
    this.ordered.push(section);
    for (let i = this.ordered.length - 1; i > low; i--) this.ordered[i] = this.ordered[i - 1];
    this.ordered[low] = section;
    this.changed = true;
  }
  putFact(fact: Engram): void {
    this.drop(fact.id);
    const old = this.facts.has(fact.ref) ? this.facts.get(fact.ref) : null;
    // Two facts of one place: a fault of an earlier run, or a copy; the later one made goes.
    const ref = old === null ? fact.ref : fact.ref + "\0" + fact.id;
    this.facts.set(ref, new Stored(fact.id, ref, fact.content, fact, ""));
    this.factRefs.set(fact.id, ref);
    this.changed = true;
  }
  private dropNote(id: string): void {
    if (!this.sections.has(id)) return;
    this.reversals.remove(this.sections.get(id));
    const at = this.ordered.indexOf(this.sections.get(id));
    if (at >= 0) this.ordered.splice(at, 1);
    this.sections.delete(id);
    this.changed = true;
  }
  drop(id: string): void {
    this.dropNote(id);
    if (!this.factRefs.has(id)) return;
    const ref = this.factRefs.get(id);
    this.factRefs.delete(id);
    if (this.facts.has(ref) && this.facts.get(ref).id == id) {
      // Whoever points to it points to nothing that is.
      this.facts.get(ref).id = "";
      this.facts.delete(ref);
    }
    this.changed = true;
  }

  /** Brings the graph up to date, with `writesMax` facts made or taken back at most; whether all is done. */
  curate(here: string, actCertainty: f64, writesMax: i32, watch: Watch, counts: Counts): bool {
    this.run++;
    const sections = this.ordered;
    counts.notes += sections.length;
    const isAll = writesMax == i32.MAX_VALUE;
    if (!this.joinCopies(sections, isAll ? i32.MAX_VALUE : judgesPerWriteMax * writesMax, counts)) return false;
    if (!this.reversals.look(isAll ? i64.MAX_VALUE : looksPerWriteMax * <i64> writesMax)) return false;
    if (!this.reversals.weigh(isAll ? i64.MAX_VALUE : measuresPerWriteMax * <i64> writesMax)) return false;
    this.reversals.mark(this.run);
    const taken: Statement[] = [];
    for (let i = 0; i < sections.length; i++) this.take(sections, i, taken);
    const pairsMax = isAll ? i64.MAX_VALUE : pairsPerWriteMax * <i64> writesMax;
    if (!relate(taken, sections, actCertainty, this.memory, pairsMax, this.run)) return false;
    const statements = this.connectedOf(taken);
    const missing: Statement[] = [];
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i];
      if (!this.stands(statement, sections[statement.section], actCertainty)) missing.push(statement);
    }
    counts.facts += statements.length;
    let writes = this.removeOthers(sections, missing, writesMax, here, actCertainty, watch, counts);
    for (let i = 0; i < missing.length && writes < writesMax; i++) {
      const stored = missing[i].stored;
      if (stored !== null && stored.run == this.run && stored.id.length > 0) continue;
      this.write(missing[i], sections[missing[i].section], here, actCertainty, watch, counts);
      writes++;
    }
    for (let i = 0; i < statements.length; i++) {
      this.link(statements[i], sections[statements[i].section], actCertainty, counts);
    }
    this.changed = writes >= writesMax;
    return !this.changed;
  }

  /** Without loose sentences that nothing came of. */
  private connectedOf(all: Statement[]): Statement[] {
    const told = -this.run;
    for (let i = 0; i < all.length; i++) {
      if (all[i].links.length == 0) continue;
      all[i].connected = told;
      for (let j = 0; j < all[i].links.length; j++) all[i].links[j].target.connected = told;
    }
    const kept: Statement[] = [];
    for (let i = 0; i < all.length; i++) if (!all[i].loose || all[i].connected == told) kept.push(all[i]);
    return kept;
  }

  /** The statements of a section, but for those that a copy of it said before. */
  private take(sections: Section[], at: i32, into: Statement[]): void {
    const section = sections[at];
    const own = section.statements;
    if (own.length == 0) return;
    let said: Set<string> | null = null;
    for (let i = 0; i < section.copies.length; i++) {
      const copy = sections[section.copies[i]].statements;
      if (said === null) said = new Set<string>();
      for (let j = 0; j < copy.length; j++) said.add(copy[j].text.toLowerCase());
    }
    for (let i = 0; i < own.length; i++) {
      if (said !== null && said.has(own[i].text.toLowerCase())) continue;
      if (own[i].loose && own[i].connected != this.run && !tellsOrIsTold(own[i])) continue;
      own[i].section = at;
      own[i].run = this.run;
      into.push(own[i]);
    }
  }

  /** Finds the copies, and connects those not connected yet; false where pairs are left to be judged. */
  private joinCopies(sections: Section[], judgesMax: i32, counts: Counts): bool {
    for (let i = 0; i < sections.length; i++) if (sections[i].copies.length > 0) sections[i].copies = [];
    const pairs = alikePairs(sections, judgesMax);
    if (pairs === null) return false;
    counts.duplicates += pairs.length;
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i];
      const newer = sections[pair.newer];
      const older = sections[pair.older];
      newer.copies.push(pair.older);
      const name = (<u64> newer.uid) << 32 | <u64> older.uid;
      if (this.joined.has(name)) continue;
      this.joined.add(name);
      if (targetsOf(newer.id, proposed).has(older.id)) continue;
      connect(
        newer.id,
        older.id,
        "duplicates",
        Json.object().setText("why", pair.why).setNumber("overlap", pair.score).setNumber("certainty", 0.98),
        pair.score,
      );
    }
    return true;
  }

  /** Whether a statement's fact is in the graph as it should be; finds the fact and what it may be connected to. */
  private stands(statement: Statement, section: Section, actCertainty: f64): bool {
    let told = "";
    for (let i = 0; i < statement.links.length; i++) {
      const one = statement.links[i];
      told += one.type + " " + one.target.ref + " " + one.why + "\n";
    }
    let stored = statement.stored;
    const known = stored !== null && stored.id.length > 0 && this.facts.has(statement.ref) &&
      this.facts.get(statement.ref) === stored;
    if (known && stored !== null && told == statement.told) {
      stored.run = this.run;
      return true;
    }
    stored = this.facts.has(statement.ref) ? this.facts.get(statement.ref) : null;
    statement.told = told;
    this.isFactOf(stored, statement, actCertainty);
    if (stored === null || stored.text != statement.text) return false;
    const metadata = metadataOf(statement, section, actCertainty);
    const engram = stored.engram;
    const same = engram === null
      ? stored.form == formOf(statement, section, metadata)
      : isSame(engram, statement, section, metadata);
    if (same) {
      stored.run = this.run;
      stored.form = formOf(statement, section, metadata);
      stored.engram = null;
    }
    return same;
  }

  /** A statement's fact is this one: what is to be connected is what no one has answered. */
  private isFactOf(stored: Stored | null, statement: Statement, actCertainty: f64): void {
    statement.stored = stored;
    statement.acts = noLinks;
    if (statement.links.length == 0) return;
    const answered = stored === null ? new Set<string>() : targetsOf(stored.id, proposed);
    const connected = stored === null ? new Set<string>() : targetsOf(stored.id, "");
    for (let i = 0; i < statement.links.length; i++) {
      const one = statement.links[i];
      const target = this.facts.has(one.target.ref) ? this.facts.get(one.target.ref).id : "";
      if (target.length > 0 && answered.has(target)) continue;
      if (one.certainty < actCertainty && target.length > 0 && connected.has(target)) continue;
      if (statement.acts.length == 0) statement.acts = [];
      statement.acts.push(one);
    }
  }

  /** Takes back facts of ours that no statement has; one of the same sentence of the note is kept, and brought up to date. */
  private removeOthers(
    sections: Section[],
    missing: Statement[],
    max: i32,
    here: string,
    actCertainty: f64,
    watch: Watch,
    counts: Counts,
  ): i32 {
    const all = this.facts.values();
    const others: Stored[] = [];
    for (let i = 0; i < all.length; i++) if (all[i].run != this.run) others.push(all[i]);
    if (others.length == 0) return 0;
    const wanted = new Map<string, Statement>();
    for (let i = missing.length - 1; i >= 0; i--) {
      wanted.set(sections[missing[i].section].name + "\0" + missing[i].text, missing[i]);
    }
    let writes = 0;
    for (let i = 0; i < others.length && writes < max; i++) {
      const stored = others[i];
      const key = stored.ref.substring(0, stored.ref.lastIndexOf("@")) + "\0" + stored.text;
      writes++;
      if (wanted.has(key)) {
        const one = wanted.get(key);
        if (this.maySpeakFor(stored, one, sections[one.section])) {
          wanted.delete(key);
          this.isFactOf(stored, one, actCertainty);
          this.write(one, sections[one.section], here, actCertainty, watch, counts);
          continue;
        }
      }
      if (this.facts.has(stored.ref) && this.facts.get(stored.ref) === stored) this.facts.delete(stored.ref);
      this.factRefs.delete(stored.id);
      watch.wrote(stored.id);
      deleteEngram(stored.id);
      stored.id = "";
      counts.removed++;
    }
    return writes;
  }

  /**
   * Whether all that a stored fact is connected to is what the statement is to be connected to: a connection can only
   * end with its fact, and what a person answered ends with it.
   */
  private maySpeakFor(stored: Stored, statement: Statement, section: Section): bool {
    const wanted = new Map<string, string>();
    for (let i = 0; i < statement.links.length; i++) {
      const target = statement.links[i].target;
      if (this.facts.has(target.ref)) wanted.set(this.facts.get(target.ref).id, statement.links[i].type);
    }
    const connected = findConnected(stored.id);
    for (let i = 0; i < connected.length; i++) {
      if (connected[i].via.get("from").asText() != stored.id) continue;
      const id = connected[i].engram.id;
      const type = connected[i].via.get("type").asText();
      if (type == "from") {
        if (id != section.id) return false;
      } else if (!wanted.has(id) || type != proposed && type != wanted.get(id)) return false;
    }
    return true;
  }

  /** Makes the fact of a statement, or brings the one there is up to date. */
  private write(statement: Statement, section: Section, here: string, actCertainty: f64, watch: Watch, counts: Counts): void {
    const metadata = metadataOf(statement, section, actCertainty);
    const form = formOf(statement, section, metadata);
    let stored = statement.stored;
    if (stored !== null && stored.id.length > 0 && stored.text == statement.text) {
      updateEngram(stored.id, statement.text, metadata, section.source);
      if (this.facts.has(stored.ref) && this.facts.get(stored.ref) === stored) this.facts.delete(stored.ref);
      stored.ref = statement.ref;
      stored.linked = "";
      stored.linkedFrom = null;
    } else {
      const id = createEngram(statement.text, metadata, section.source);
      if (id.length == 0) return;
      counts.created++;
      if (this.context != here) addToContext(this.context, id);
      stored = new Stored(id, statement.ref, statement.text, null, form);
      statement.stored = stored;
    }
    stored.form = form;
    stored.engram = null;
    stored.run = this.run;
    watch.wrote(stored.id);
    this.makeRoom(statement.ref, stored);
    this.facts.set(statement.ref, stored);
    this.factRefs.set(stored.id, statement.ref);
  }

  /** Another fact that is known by this place stays known until it is taken back or moved. */
  private makeRoom(ref: string, coming: Stored): void {
    if (!this.facts.has(ref) || this.facts.get(ref) === coming) return;
    const other = this.facts.get(ref);
    if (other.id.length == 0) return;
    other.ref = ref + "\0" + other.id;
    this.facts.set(other.ref, other);
    this.factRefs.set(other.id, other.ref);
  }

  private link(statement: Statement, section: Section, actCertainty: f64, counts: Counts): void {
    const stored = statement.stored;
    if (stored === null || stored.id.length == 0) return;
    if (statement.acts.length == 0 && stored.linkedFrom === section) return;
    let linked = section.id + " " + statement.byteStart.toString();
    for (let i = 0; i < statement.acts.length; i++) {
      const one = statement.acts[i];
      const target = one.target.stored;
      if (target === null || target.id.length == 0) continue;
      linked += " " + one.type + target.id;
      if (one.certainty < actCertainty) counts.proposals++;
      else if (one.type == "supersedes") counts.reversals++;
      else counts.contradictions++;
    }
    stored.linkedFrom = section;
    if (linked == stored.linked) return;
    stored.linked = linked;
    connect(
      stored.id,
      section.id,
      "from",
      Json.object().setNumber("start", statement.byteStart).setNumber("end", statement.byteEnd)
        .setText("why", "this sentence stands there"),
    );
    for (let i = 0; i < statement.acts.length; i++) {
      const one = statement.acts[i];
      const target = one.target.stored;
      if (target === null || target.id.length == 0) continue;
      this.act(stored.id, target.id, statement, one, one.certainty >= actCertainty);
    }
  }

  private act(source: string, target: string, statement: Statement, one: Link, certain: bool): void {
    const metadata = Json.object().setText("why", one.why).setText("subject", statement.fact.subject.join(" "))
      .setText("attribute", plain(statement.fact.attribute)).setNumber("certainty", one.certainty);
    if (one.cue.length > 0) metadata.setText("cue", one.cue);
    if (certain) connect(source, target, one.type, metadata);
    else connect(source, target, proposed, metadata.setText("type", one.type).setText("state", "open"));
  }
}

/** Whether it ends another sentence, or one ends it. */
function tellsOrIsTold(statement: Statement): bool {
  if (endedNow(statement, 0).length > 0) return true;
  for (let i = 0; i < statement.endedBy.length; i++) {
    if (statement.endedBy[i].owner.gone) continue;
    const ends = endedNow(statement.endedBy[i], 0);
    for (let j = 0; j < ends.length; j++) if (ends[j].target === statement) return true;
  }
  return false;
}

/** What an engram is connected to, by a type; "": by any. */
function targetsOf(id: string, type: string): Set<string> {
  const found = new Set<string>();
  const connected = findConnected(id, type.length == 0 ? null : type);
  for (let i = 0; i < connected.length; i++) {
    if (connected[i].via.get("from").asText() == id) found.add(connected[i].engram.id);
  }
  return found;
}

function metadataOf(statement: Statement, section: Section, actCertainty: f64): Json {
  const fact = statement.fact;
  const metadata = Json.object().setText("kind", "fact").setText("ref", statement.ref).setText("title", section.title);
  if (section.observedAt.length > 0) metadata.setText("observedAt", section.observedAt);
  metadata.setText("file", section.file).setNumber("line", statement.line);
  metadata.setText("subject", fact.subject.join(" ")).setText("attribute", plain(fact.attribute));
  if (fact.cue.length > 0) metadata.setText("cue", fact.cue);
  if (fact.decision) metadata.setBool("decision", true);
  if (fact.negative) metadata.setBool("negative", true);
  const links: string[] = [];
  for (let i = 0; i < statement.acts.length; i++) {
    const one = statement.acts[i];
    if (one.certainty >= actCertainty) links.push(one.type + " " + one.target.ref);
  }
  links.sort();
  if (links.length > 0) metadata.set("relations", Json.texts(links));
  return metadata;
}

/** An attribute for people: "launch", not "@launch". */
function plain(attribute: string): string {
  return attribute.startsWith("@") ? attribute.substring(1) : attribute;
}

function formOf(statement: Statement, section: Section, metadata: Json): string {
  return statement.text + "\0" + section.source + "\0" + metadata.toString();
}

/** Whether a stored fact is the one these notes give. */
function isSame(fact: Engram, statement: Statement, section: Section, metadata: Json): bool {
  if (fact.content != statement.text || fact.source != section.source || fact.observedAt != section.observedAt) return false;
  if (fact.title != section.title) return false;
  const stored = fact.metadata;
  const keys = metadata.keys;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key == "kind" || key == "ref" || key == "title" || key == "observedAt") continue;
    const value = metadata.get(key);
    const other = stored.get(key);
    if (value.isText ? value.asText() != other.asText("\0") : value.toString() != other.toString()) return false;
  }
  // What is no longer said: a cue, a relation.
  return stored.has("cue") == metadata.has("cue") && stored.has("relations") == metadata.has("relations") &&
    stored.has("decision") == metadata.has("decision") && stored.has("negative") == metadata.has("negative");
}
