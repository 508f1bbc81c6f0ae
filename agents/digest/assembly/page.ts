/**
 * The page of a digest: Markdown, each line a sentence word for word, with its date and where it stands.
 *
 * Invariants:
 * 1. Nothing is composed: between quotation marks stands the text of a note, byte for byte.
 * 2. The same notes and facts give the same page.
 */
import { Book, current, daysOf, Fact, Note } from "./sources";
import { Task } from "./tasks";

/** Lines of one part of the page; the counts are of all. */
const linesMax: i32 = 200;
/** "What changed" looks back this far from the newest note. */
const changedDays: i32 = 14;

export class Page {
  decisions: i32 = 0;
  reversals: i32 = 0;
  tasks: i32 = 0;
  changed: i32 = 0;
  disagreements: i32 = 0;
  /** Ids of what is quoted, each once. */
  readonly quoted: string[] = [];
  private readonly out: string[] = [];
  private readonly seen: Set<string> = new Set<string>();
  private part: i32 = 0;
  get text(): string {
    return this.out.join("\n");
  }
  private heading(text: string): void {
    if (this.out.length > 0) this.out.push("");
    this.out.push(text);
    this.out.push("");
    this.part = 0;
  }
  private quote(id: string): void {
    if (this.seen.has(id)) return;
    this.seen.add(id);
    this.quoted.push(id);
  }
  /** A line with its quotation; false where the part is full. */
  private line(mark: string, text: string, observedAt: string, place: string, id: string, after: string): bool {
    if (this.part >= linesMax) return false;
    this.part++;
    const where = place.length > 0 ? ", " + place : ""; // what an assistant remembered stands in no file
    this.out.push(mark + text + mark2(mark) + " (" + day(observedAt) + where + ")" + after);
    this.quote(id);
    return true;
  }
  /** Nothing more is shown of this part: what is left is counted. */
  private get full(): bool {
    return this.part >= linesMax;
  }
  private more(count: i32): void {
    if (count > linesMax) this.out.push("- and " + (count - linesMax).toString() + " more");
  }

  fill(name: string, newest: string, book: Book, tasks: Task[]): void {
    book.connect();
    const facts = book.facts;
    this.out.push("# " + name + (newest.length > 0 ? ", up to " + day(newest) : ""));
    this.fillDecisions(facts);
    this.fillReversals(facts);
    this.fillTasks(tasks);
    this.fillChanged(facts, newest);
    this.fillDisagreements(facts, book);
  }

  private fillDecisions(facts: Fact[]): void {
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (!fact.decision || fact.superseded) continue;
      if (this.decisions == 0) this.heading("## Decisions");
      this.decisions++;
      if (!this.full) this.line('- "', fact.content, fact.observedAt, fact.place, fact.id, "");
    }
    this.more(this.decisions);
  }

  /** What holds now, and under it what it put an end to, struck through. */
  private fillReversals(facts: Fact[]): void {
    const olders = new Map<string, Fact[]>();
    const heads: Fact[] = [];
    for (let i = 0; i < facts.length; i++) {
      if (facts[i].first === null) continue;
      const head = current(facts[i]);
      if (!olders.has(head.id)) {
        olders.set(head.id, []);
        heads.push(head);
      }
      olders.get(head.id).push(facts[i]);
    }
    // In the order of the facts: newest first.
    for (let i = 0; i < facts.length; i++) {
      const head = facts[i];
      if (!olders.has(head.id)) continue;
      if (this.reversals == 0) this.heading("## Reversals");
      if (!this.full) this.line('- "', head.content, head.observedAt, head.place, head.id, "");
      const list = olders.get(head.id);
      for (let j = 0; j < list.length; j++) {
        const old = list[j];
        const first = old.first;
        this.reversals++;
        if (!this.full) this.line('  - ~~"', old.content, old.observedAt, old.place, old.id, first === null ? "" : ", until " + day(first.observedAt));
      }
    }
  }

  private fillTasks(tasks: Task[]): void {
    if (tasks.length > 0) this.heading("## Open tasks");
    this.tasks = tasks.length;
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      if (!this.full) this.line('- [ ] "', task.text, task.note.observedAt, task.note.file + ":" + task.line.toString(), task.note.id, "");
    }
    this.more(this.tasks);
  }

  private fillChanged(facts: Fact[], newest: string): void {
    const since = daysOf(newest) - changedDays;
    const told = new Set<string>();
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (fact.superseded || fact.decision || newest.length == 0 || fact.observedAt.length == 0) continue;
      if (fact.days <= since || told.has(fact.content)) continue;
      told.add(fact.content);
      if (this.changed == 0) this.heading("## New in the last " + changedDays.toString() + " days");
      this.changed++;
      if (!this.full) this.line('- "', fact.content, fact.observedAt, fact.place, fact.id, "");
    }
    this.more(this.changed);
  }

  private fillDisagreements(facts: Fact[], book: Book): void {
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (fact.superseded) continue;
      if (fact.against.length == 0) continue;
      const others = book.othersOf(fact);
      for (let j = 0; j < others.length; j++) {
        const other = others[j];
        if (other.superseded) continue;
        if (this.disagreements == 0) this.heading("## Notes that disagree");
        this.disagreements++;
        if (!this.full) this.line('- "', fact.content, fact.observedAt, fact.place, fact.id, "");
        if (!this.full) this.line('  - "', other.content, other.observedAt, other.place, other.id, "");
      }
    }
  }
}

/** Closes what a mark opened. */
function mark2(mark: string): string {
  return mark.endsWith('~~"') ? '"~~' : '"';
}
function day(observedAt: string): string {
  return observedAt.length >= 10 ? observedAt.substring(0, 10) : "no date";
}
export { Note };
