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
  connect,
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
import { compareFacts, compareNotes, Fact, Note } from "./sources";
import { openTasks, Task } from "./tasks";
import { readAll } from "../../curator/assembly/reading";
export * from "../../sdk/assemblyscript/assembly/exports";

let self = "";
onInitialize((start) => {
  self = start.get("agent").asText();
});
onQuery((_query) => Json.object().setText("agent", self).toString());

registerAction("digest", (params) => {
  const wanted = Json.parse(params).get("context").asText();
  const here = currentContext();
  const notes = readAll("note");
  const facts = readAll("fact");
  const old = readAll("digest");
  if (notes === null || facts === null || old === null) {
    return fail("Cannot write the digest: the host does not show the notes");
  }
  const contexts = contextsOf(notes, wanted, here.get("id").asText(), here.get("name").asText());
  let decisions = 0, reversals = 0, tasks = 0, changed = 0, disagreements = 0;
  for (let i = 0; i < contexts.length; i++) {
    const inHere = contexts[i] == here.get("id").asText();
    const page = write(contexts[i], inHere ? here.get("name").asText() : "", inHere, notes, facts, old);
    decisions += page.decisions;
    reversals += page.reversals;
    tasks += page.tasks;
    changed += page.changed;
    disagreements += page.disagreements;
  }
  return Json.object().setNumber("contexts", contexts.length).setNumber("decisions", decisions)
    .setNumber("reversals", reversals).setNumber("tasks", tasks).setNumber("changed", changed)
    .setNumber("disagreements", disagreements).toString();
});

/** The context asked for, else the step's if it holds notes, else each that does. */
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

function write(context: string, name: string, inHere: bool, notes: Engram[], facts: Engram[], old: Engram[]): Page {
  const mine: Note[] = [];
  for (let i = 0; i < notes.length; i++) if (notes[i].contexts.includes(context)) mine.push(new Note(notes[i]));
  mine.sort(compareNotes);
  const known: Fact[] = [];
  for (let i = 0; i < facts.length; i++) if (facts[i].contexts.includes(context)) known.push(new Fact(facts[i]));
  known.sort(compareFacts);
  const newest = mine.length > 0 ? mine[mine.length - 1].observedAt : "";
  const open = openTasks(mine);
  const tasks: Task[] = [];
  for (let i = open.length - 1; i >= 0; i--) tasks.push(open[i]);
  const page = new Page();
  const title = name.length > 0 ? "Digest of " + name : "Digest";
  page.fill(title, newest, known, tasks);
  const id = settle(context, inHere, title, newest, page, old);
  for (let i = 0; i < page.quoted.length && id.length > 0; i++) {
    connect(id, page.quoted[i], "from", Json.object().setText("why", "quoted in this digest"));
  }
  return page;
}

/** The digest of this context with the page's text: as it is, changed, or new. */
function settle(context: string, inHere: bool, title: string, newest: string, page: Page, old: Engram[]): string {
  const metadata = Json.object().setText("kind", "digest").setText("title", title).setText("ref", "digest");
  if (newest.length > 0) metadata.setText("observedAt", newest);
  metadata.setNumber("decisions", page.decisions).setNumber("reversals", page.reversals)
    .setNumber("tasks", page.tasks).setNumber("changed", page.changed);
  let id = "";
  for (let i = 0; i < old.length; i++) {
    const one = old[i];
    if (one.by.get("agent").asText() != self || !one.contexts.includes(context)) continue;
    if (id.length > 0 || quotesMore(one.id, page)) {
      deleteEngram(one.id);
      continue;
    }
    id = one.id;
    if (one.content != page.text || one.observedAt != newest || one.title != title) updateEngram(id, page.text, metadata);
  }
  if (id.length > 0) return id;
  id = createEngram(page.text, metadata, context);
  if (!inHere && id.length > 0) addToContext(context, id);
  return id;
}

/** Whether a digest is connected to something the page no longer quotes: a connection can only end with it. */
function quotesMore(id: string, page: Page): bool {
  const connected = findConnected(id, "from");
  for (let i = 0; i < connected.length; i++) {
    const outgoing = connected[i].via.get("from").asText() == id;
    if (outgoing && !page.quoted.includes(connected[i].engram.id)) return true;
  }
  return false;
}
