/**
 * The page of a digest: Markdown, each line a sentence word for word, with its date and where it stands.
 *
 * Invariants:
 * 1. Nothing is composed: between quotation marks stands the text of a note, byte for byte.
 * 2. The same notes and facts give the same page.
 */
import { connectFacts, current, Fact, Note } from "./sources";
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
    this.out.push(mark + text + mark2(mark) + " (" + day(observedAt) + ", " + place + ")" + after);
    this.quote(id);
    return true;
  }
  private more(count: i32): void {
    if (count > linesMax) this.out.push("- and " + (count - linesMax).toString() + " more");
  }

  fill(name: string, newest: string, facts: Fact[], tasks: Task[]): void {
    connectFacts(facts);
    this.out.push("# " + name + (newest.length > 0 ? ", up to " + day(newest) : ""));
    this.fillDecisions(facts);
    this.fillReversals(facts);
    this.fillTasks(tasks);
    this.fillChanged(facts, newest);
    this.fillDisagreements(facts);
  }

  private fillDecisions(facts: Fact[]): void {
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (!fact.decision || fact.superseded) continue;
      if (this.decisions == 0) this.heading("## Decisions");
      this.decisions++;
      this.line('- "', fact.content, fact.observedAt, fact.place, fact.id, "");
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
      this.line('- "', head.content, head.observedAt, head.place, head.id, "");
      const list = olders.get(head.id);
      for (let j = 0; j < list.length; j++) {
        const old = list[j];
        const first = old.first;
        this.reversals++;
        this.line('  - ~~"', old.content, old.observedAt, old.place, old.id, first === null ? "" : ", until " + day(first.observedAt));
      }
    }
  }

  private fillTasks(tasks: Task[]): void {
    if (tasks.length > 0) this.heading("## Open tasks");
    this.tasks = tasks.length;
    for (let i = 0; i < tasks.length; i++) {
      const task = tasks[i];
      this.line('- [ ] "', task.text, task.note.observedAt, task.note.file + ":" + task.line.toString(), task.note.id, "");
    }
    this.more(this.tasks);
  }

  private fillChanged(facts: Fact[], newest: string): void {
    const since = daysOf(newest) - changedDays;
    const told = new Set<string>();
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (fact.superseded || fact.decision || newest.length == 0 || fact.observedAt.length == 0) continue;
      if (daysOf(fact.observedAt) <= since || told.has(fact.content)) continue;
      told.add(fact.content);
      if (this.changed == 0) this.heading("## New in the last " + changedDays.toString() + " days");
      this.changed++;
      this.line('- "', fact.content, fact.observedAt, fact.place, fact.id, "");
    }
    this.more(this.changed);
  }

  private fillDisagreements(facts: Fact[]): void {
    const byRef = new Map<string, Fact>();
    for (let i = 0; i < facts.length; i++) byRef.set(facts[i].ref, facts[i]);
    for (let i = 0; i < facts.length; i++) {
      const fact = facts[i];
      if (fact.superseded) continue;
      for (let j = 0; j < fact.against.length; j++) {
        if (!byRef.has(fact.against[j])) continue;
        const other = byRef.get(fact.against[j]);
        if (other.superseded) continue;
        if (this.disagreements == 0) this.heading("## Notes that disagree");
        this.disagreements++;
        this.line('- "', fact.content, fact.observedAt, fact.place, fact.id, "");
        this.line('  - "', other.content, other.observedAt, other.place, other.id, "");
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
/** Days since 0000-03-01 of an ISO date; 0 where there is none. */
function daysOf(iso: string): i32 {
  if (iso.length < 10) return 0;
  const year = <i32> I32.parseInt(iso.substring(0, 4));
  const month = <i32> I32.parseInt(iso.substring(5, 7));
  const date = <i32> I32.parseInt(iso.substring(8, 10));
  const y = month > 2 ? year : year - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1;
}

export { Note };
