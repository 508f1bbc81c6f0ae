/**
 * The curator: joins near-duplicate notes, takes facts from notes as verbatim sentences, and says which fact
 * supersedes or contradicts which.
 *
 * Invariants:
 * 1. Once it is done, what it wrote is a function of the notes: a second run writes nothing, and no order of import
 *    matters. Before, the newest sections are taken up first, and every run takes up more.
 * 2. A fact is a sentence of a note, byte for byte, with a `from` connection that says where it stands.
 * 3. A user's text is never changed; every connection says why in its metadata.
 */
import {
  connect,
  createEngram,
  currentContext,
  addToContext,
  deleteEngram,
  Engram,
  fail,
  Json,
  onInitialize,
  onQuery,
  registerAction,
} from "../../sdk/assemblyscript/assembly";
import { alikePairs } from "./alike";
import { compareSections, readStatements, Section, Statement } from "./notes";
import { relate } from "./relations";
import { readAll } from "./reading";
export * from "../../sdk/assemblyscript/assembly/exports";

/** Sections of a context that one run takes up beyond those taken up before, unless told. */
const sectionsMax: i32 = 4000;
/** The earliest section taken up so far, by context. */
const reached = new Map<string, Section>();

let self = "";
onInitialize((start) => {
  self = start.get("agent").asText();
});
onQuery((_query) => Json.object().setText("agent", self).toString());

class Counts {
  notes: i32 = 0;
  duplicates: i32 = 0;
  facts: i32 = 0;
  reversals: i32 = 0;
  contradictions: i32 = 0;
  created: i32 = 0;
  removed: i32 = 0;
  left: i32 = 0;
}

registerAction("curate", (params) => {
  const given = Json.parse(params);
  const limit = <i32> given.get("limit").asInteger(sectionsMax);
  if (limit < 1) return fail("Cannot curate: limit is below 1");
  const wanted = given.get("context").asText();
  const here = currentContext();
  const counts = new Counts();
  const everything = readAll("note");
  const facts = readAll("fact");
  if (everything === null || facts === null) return fail("Cannot curate: the host does not show the notes");
  const contexts = contextsOf(everything, wanted, here.get("id").asText(), here.get("name").asText());
  for (let i = 0; i < contexts.length; i++) curate(contexts[i], here.get("id").asText(), everything, facts, limit, counts);
  return Json.object().setNumber("contexts", contexts.length).setNumber("notes", counts.notes)
    .setNumber("facts", counts.facts).setNumber("duplicates", counts.duplicates)
    .setNumber("reversals", counts.reversals).setNumber("contradictions", counts.contradictions)
    .setNumber("created", counts.created).setNumber("removed", counts.removed).setNumber("left", counts.left)
    .setBool("done", counts.left == 0).toString();
});

/** The contexts to work in: the one asked for, else the step's if it holds notes, else each that does. */
function contextsOf(notes: Engram[], wanted: string, here: string, hereName: string): string[] {
  const all: string[] = [];
  for (let i = 0; i < notes.length; i++) {
    const ids = notes[i].contexts;
    for (let j = 0; j < ids.length; j++) if (!all.includes(ids[j])) all.push(ids[j]);
  }
  all.sort();
  const named = wanted == hereName ? here : wanted;
  if (named.length > 0) return all.includes(named) ? [named] : [];
  return all.includes(here) ? [here] : all;
}

function curate(context: string, here: string, notes: Engram[], facts: Engram[], limit: i32, counts: Counts): void {
  let sections: Section[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < notes.length; i++) {
    if (!notes[i].contexts.includes(context) || notes[i].content.length == 0 || seen.has(notes[i].id)) continue;
    seen.add(notes[i].id);
    sections.push(new Section(notes[i]));
  }
  sections.sort(compareSections);
  const from = earliest(context, sections, facts, limit);
  counts.left += from;
  sections = sections.slice(from);
  counts.notes += sections.length;
  joinCopies(sections, from == 0, counts);
  const statements: Statement[] = [];
  for (let i = 0; i < sections.length; i++) {
    const copied = new Set<string>();
    for (let j = 0; j < sections[i].copies.length; j++) said(sections[sections[i].copies[j]], copied);
    const found = readStatements(sections[i], i, copied);
    for (let j = 0; j < found.length; j++) statements.push(found[j]);
  }
  relate(statements, sections);
  settle(context, here, sections, statements, facts, counts);
}

/** Where the sections of this run begin: all taken up before, all with facts of ours, and `limit` more before those. */
function earliest(context: string, sections: Section[], facts: Engram[], limit: i32): i32 {
  const named = new Set<string>();
  for (let i = 0; i < facts.length; i++) {
    if (isOurs(facts[i], context)) named.add(facts[i].ref.substring(0, facts[i].ref.lastIndexOf("@")));
  }
  let from = 0;
  while (from < sections.length && !named.has(sections[from].name)) from++;
  if (reached.has(context)) {
    const before = reached.get(context);
    while (from > 0 && compareSections(sections[from - 1], before) >= 0) from--;
  }
  from = max(0, from - limit);
  if (from < sections.length) reached.set(context, sections[from]);
  return from;
}

function isOurs(fact: Engram, context: string): bool {
  return fact.by.get("agent").asText() == self && fact.contexts.includes(context);
}

/** The lines and sentences of a section, folded: what a later copy need not say again. */
function said(section: Section, into: Set<string>): void {
  const found = readStatements(section, 0, new Set<string>());
  for (let i = 0; i < found.length; i++) into.add(found[i].text.toLowerCase());
}

/** Finds the copies. A part of the sections may show copies that all of them do not, and a connection can't be ended. */
function joinCopies(sections: Section[], whole: bool, counts: Counts): void {
  const pairs = alikePairs(sections);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i];
    const newer = sections[pair.newer];
    const older = sections[pair.older];
    newer.copies.push(pair.older);
    if (!whole) continue;
    counts.duplicates++;
    connect(
      newer.id,
      older.id,
      "duplicates",
      Json.object().setText("why", pair.why).setNumber("overlap", pair.score),
      pair.score,
    );
  }
}

function metadataOf(statement: Statement, section: Section): Json {
  const fact = statement.fact;
  const metadata = Json.object().setText("kind", "fact").setText("ref", statement.ref).setText("title", section.title);
  if (section.observedAt.length > 0) metadata.setText("observedAt", section.observedAt);
  metadata.setText("file", section.file).setNumber("line", statement.line);
  metadata.setText("subject", fact.subject.join(" ")).setText("attribute", plain(fact.attribute));
  if (fact.cue.length > 0) metadata.setText("cue", fact.cue);
  if (fact.decision) metadata.setBool("decision", true);
  if (fact.negative) metadata.setBool("negative", true);
  const links: string[] = [];
  for (let i = 0; i < statement.links.length; i++) {
    links.push(statement.links[i].type + " " + statement.links[i].target.ref);
  }
  links.sort();
  if (links.length > 0) metadata.set("relations", Json.texts(links));
  return metadata;
}

/** An attribute for people: "launch", not "@launch". */
function plain(attribute: string): string {
  return attribute.startsWith("@") ? attribute.substring(1) : attribute;
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

/** Makes the graph say what the notes say: keeps equal facts, removes others of ours, creates what is missing. */
function settle(
  context: string,
  here: string,
  sections: Section[],
  statements: Statement[],
  facts: Engram[],
  counts: Counts,
): void {
  const existing = new Map<string, Engram>();
  for (let i = 0; i < facts.length; i++) {
    if (isOurs(facts[i], context)) existing.set(facts[i].ref, facts[i]);
  }
  const kept = new Set<string>();
  const missing: i32[] = [];
  for (let i = 0; i < statements.length; i++) {
    const statement = statements[i];
    const section = sections[statement.section];
    const name = statement.ref;
    if (existing.has(name) && isSame(existing.get(name), statement, section, metadataOf(statement, section))) {
      statement.id = existing.get(name).id;
      kept.add(statement.id);
    } else missing.push(i);
  }
  for (let i = 0; i < facts.length; i++) {
    const fact = facts[i];
    if (!isOurs(fact, context) || kept.has(fact.id)) continue;
    deleteEngram(fact.id);
    counts.removed++;
  }
  for (let i = 0; i < missing.length; i++) {
    const statement = statements[missing[i]];
    const section = sections[statement.section];
    statement.id = createEngram(statement.text, metadataOf(statement, section), section.source);
    if (statement.id.length == 0) continue;
    counts.created++;
    if (context != here) addToContext(context, statement.id);
  }
  for (let i = 0; i < statements.length; i++) link(statements[i], sections[statements[i].section], counts);
}

function link(statement: Statement, section: Section, counts: Counts): void {
  if (statement.id.length == 0) return;
  counts.facts++;
  connect(
    statement.id,
    section.id,
    "from",
    Json.object().setNumber("start", statement.byteStart).setNumber("end", statement.byteEnd)
      .setText("why", "this sentence stands there"),
  );
  for (let i = 0; i < statement.links.length; i++) {
    const one = statement.links[i];
    if (one.target.id.length == 0) continue;
    const metadata = Json.object().setText("why", one.why).setText("subject", statement.fact.subject.join(" "))
      .setText("attribute", plain(statement.fact.attribute));
    if (one.cue.length > 0) metadata.setText("cue", one.cue);
    connect(statement.id, one.target.id, one.type, metadata);
    if (one.type == "supersedes") counts.reversals++;
    else counts.contradictions++;
  }
}
