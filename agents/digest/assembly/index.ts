/**
 * The digest: one page a context of decisions, reversals, open tasks and what is new, quoted word for word.
 *
 * Invariants:
 * 1. One context at a time: nothing of one context stands on the page of another.
 * 2. What it writes is a function of notes and facts: a second run writes nothing.
 * 3. What it quotes is connected with `from`.
 */
import {
  addToContext,
  connectAll,
  createEngram,
  currentContext,
  deleteEngram,
  Engram,
  fail,
  findConnected,
  Json,
  onInitialize,
  onQuery,
  registerAction,
  updateEngram,
} from "../../sdk/assemblyscript/assembly";
import { Page } from "./page";
import { Book, Fact, Note } from "./sources";
import { openTasks, Task } from "./tasks";
import { readAll } from "../../curator/assembly/reading";
import { Watch } from "../../curator/assembly/watch";
export * from "../../sdk/assemblyscript/assembly/exports";

let self = "";
onInitialize((start) => {
  self = start.get("agent").asText();
});
onQuery((_query) => Json.object().setText("agent", self).toString());

/** Engrams that one woken step takes up: they keep it below 10^9 fuel. */
const wokenReadsMax: i32 = 500;

/** A page in the graph. */
class Standing {
  /** What it is connected to; null: not known. */
  quoted: Set<string> | null = null;
  constructor(
    readonly id: string,
    readonly contexts: string[],
    public text: string,
    public observedAt: string,
    public title: string,
  ) {}
}

/** What is known of notes, facts and pages. A run by hand reads all anew; a woken one what changed. */
let notes = new Map<string, Note>();
let facts = new Map<string, Fact>();
let pages = new Map<string, Standing>();
let books = new Map<string, Book>();
let due = new Set<string>();
const watch = new Watch(["note", "fact", "digest"]);

function take(engram: Engram): void {
  drop(engram.id);
  const kind = engram.kind;
  const places = engram.contexts;
  if (kind == "note") {
    const note = new Note(engram);
    notes.set(note.id, note);
    for (let i = 0; i < places.length; i++) bookOf(places[i]).putNote(note);
  } else if (kind == "fact") {
    const fact = new Fact(engram);
    facts.set(fact.id, fact);
    for (let i = 0; i < places.length; i++) bookOf(places[i]).putFact(fact);
  } else if (kind == "digest" && engram.by.get("agent").asText() == self) {
    pages.set(
      engram.id,
      new Standing(engram.id, engram.contexts, engram.content, engram.observedAt, engram.title),
    );
  } else return;
  for (let i = 0; i < places.length; i++) due.add(places[i]);
}

function bookOf(context: string): Book {
  if (!books.has(context)) books.set(context, new Book());
  return books.get(context);
}

function drop(id: string): void {
  let contexts: string[] = [];
  if (notes.has(id)) contexts = notes.get(id).contexts;
  else if (facts.has(id)) contexts = facts.get(id).contexts;
  else if (pages.has(id)) contexts = pages.get(id).contexts;
  for (let i = 0; i < contexts.length; i++) {
    due.add(contexts[i]);
    if (notes.has(id)) bookOf(contexts[i]).dropNote(notes.get(id));
    else if (facts.has(id)) bookOf(contexts[i]).dropFact(facts.get(id));
  }
  notes.delete(id);
  facts.delete(id);
  pages.delete(id);
}

registerAction("digest", (params) => {
  const given = Json.parse(params);
  const woken = given.get("woken").asBool();
  const wanted = given.get("context").asText();
  const here = currentContext();
  if (!(woken ? watch.read(wokenReadsMax, take, drop) : readAnew())) {
    return fail("Cannot write the digest: the host does not show the notes");
  }
  if (woken && !watch.done) return Json.object().setBool("done", false).toString();
  const contexts = contextsOf(wanted, here.get("id").asText(), here.get("name").asText());
  let decisions = 0, reversals = 0, tasks = 0, changed = 0, disagreements = 0;
  for (let i = 0; i < contexts.length; i++) {
    if (woken && !due.has(contexts[i])) continue;
    const inHere = contexts[i] == here.get("id").asText();
    const page = write(contexts[i], inHere ? here.get("name").asText() : "", inHere);
    decisions += page.decisions;
    reversals += page.reversals;
    tasks += page.tasks;
    changed += page.changed;
    disagreements += page.disagreements;
  }
  if (woken) due.clear();
  return Json.object().setNumber("contexts", contexts.length).setNumber("decisions", decisions)
    .setNumber("reversals", reversals).setNumber("tasks", tasks).setNumber("changed", changed)
    .setNumber("disagreements", disagreements).toString();
});

/** Everything, as the graph has it now. What is not told to the watch is told to it later, and then is known. */
function readAnew(): bool {
  const kinds = ["note", "fact", "digest"];
  notes = new Map<string, Note>();
  facts = new Map<string, Fact>();
  pages = new Map<string, Standing>();
  books = new Map<string, Book>();
  for (let i = 0; i < kinds.length; i++) {
    const found = readAll(kinds[i]);
    if (found === null) return false;
    for (let j = 0; j < found.length; j++) take(found[j]);
  }
  return true;
}

/** The context asked for, else the step's if it holds notes, else each that does. */
function contextsOf(wanted: string, here: string, hereName: string): string[] {
  const all: string[] = [];
  const known = books.keys();
  for (let i = 0; i < known.length; i++) if (books.get(known[i]).notes.length > 0) all.push(known[i]);
  all.sort();
  const named = wanted == hereName ? here : wanted;
  if (named.length > 0) return all.includes(named) ? [named] : [];
  return all.includes(here) ? [here] : all;
}

function write(context: string, name: string, inHere: bool): Page {
  const book = bookOf(context);
  const mine = book.notes;
  const newest = mine.length > 0 ? mine[mine.length - 1].observedAt : "";
  const open = openTasks(mine);
  const tasks: Task[] = [];
  for (let i = open.length - 1; i >= 0; i--) tasks.push(open[i]);
  const page = new Page();
  const title = name.length > 0 ? "Digest of " + name : "Digest";
  page.fill(title, newest, book, tasks);
  const standing = settle(context, inHere, title, newest, page);
  if (standing === null) return page;
  const before = standing.quoted;
  const quoted = new Set<string>();
  const fresh: string[] = [];
  for (let i = 0; i < page.quoted.length; i++) {
    quoted.add(page.quoted[i]);
    if (before === null || !before.has(page.quoted[i])) fresh.push(page.quoted[i]);
  }
  connectAll(standing.id, fresh, "from", Json.object().setText("why", "quoted in this digest"));
  standing.quoted = quoted;
  return page;
}

/** The digest of this context with the page's text: as it is, changed, or new; null where it could not be made. */
function settle(context: string, inHere: bool, title: string, newest: string, page: Page): Standing | null {
  const metadata = Json.object().setText("kind", "digest").setText("title", title).setText("ref", "digest");
  if (newest.length > 0) metadata.setText("observedAt", newest);
  metadata.setNumber("decisions", page.decisions).setNumber("reversals", page.reversals)
    .setNumber("tasks", page.tasks).setNumber("changed", page.changed);
  let kept: Standing | null = null;
  const old = pages.values();
  for (let i = 0; i < old.length; i++) {
    const one = old[i];
    if (!one.contexts.includes(context)) continue;
    if (kept !== null || quotesMore(one, page)) {
      watch.wrote(one.id);
      deleteEngram(one.id);
      pages.delete(one.id);
      continue;
    }
    kept = one;
    if (one.text == page.text && one.observedAt == newest && one.title == title) continue;
    watch.wrote(one.id);
    updateEngram(one.id, page.text, metadata);
    one.text = page.text;
    one.observedAt = newest;
    one.title = title;
  }
  if (kept !== null) return kept;
  const id = createEngram(page.text, metadata, context);
  if (id.length == 0) return null;
  watch.wrote(id);
  if (!inHere) addToContext(context, id);
  const made = new Standing(id, [context], page.text, newest, title);
  pages.set(id, made);
  return made;
}

/** Whether a digest is connected to something the page no longer quotes: a connection can only end with it. */
function quotesMore(standing: Standing, page: Page): bool {
  let quoted = standing.quoted;
  if (quoted === null) {
    quoted = new Set<string>();
    const connected = findConnected(standing.id, "from");
    for (let i = 0; i < connected.length; i++) {
      if (connected[i].via.get("from").asText() == standing.id) quoted.add(connected[i].engram.id);
    }
    standing.quoted = quoted;
  }
  const now = new Set<string>();
  for (let i = 0; i < page.quoted.length; i++) now.add(page.quoted[i]);
  const before = quoted.values();
  for (let i = 0; i < before.length; i++) if (!now.has(before[i])) return true;
  return false;
}
