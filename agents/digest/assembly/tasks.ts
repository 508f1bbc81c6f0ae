/**
 * Tasks in notes: `- [ ]`, `- [x]`, `TODO:` and `Action:`; open, or closed by a later tick of the same text.
 *
 * Invariant: what is open depends on the texts and dates of the notes alone, read from the earliest to the latest.
 */
import { fold, Line, LineKind, lines } from "../../sdk/assemblyscript/assembly";
import { Note } from "./sources";

export class Task {
  constructor(readonly text: string, readonly note: Note, readonly line: i32) {}
}

/** A line of a note that opens a task, or ticks it. */
export class TaskLine {
  constructor(readonly key: string, readonly text: string, readonly line: i32, readonly ticked: bool) {}
}

/** The tasks still open after the last note; `notes` are in order of time. */
export function openTasks(notes: Note[]): Task[] {
  const open = new Map<string, Task>();
  for (let i = 0; i < notes.length; i++) {
    const found = notes[i].tasks;
    for (let j = 0; j < found.length; j++) {
      const one = found[j];
      if (one.ticked) open.delete(one.key);
      else if (!open.has(one.key)) open.set(one.key, new Task(one.text, notes[i], notes[i].line + one.line));
    }
  }
  return open.values();
}

/** The task lines of a text. */
export function taskLines(text: string): TaskLine[] {
  const found: TaskLine[] = [];
  const all: Line[] = lines(text);
  for (let j = 0; j < all.length; j++) {
    const line = all[j];
    if (line.kind == LineKind.code || line.kind == LineKind.blank || line.kind == LineKind.quote) continue;
    const box = text.substring(line.start, line.body);
    const ticked = box.includes("[x]") || box.includes("[X]");
    const body = text.substring(line.body, line.end).trim();
    let task = body;
    if (!ticked && !box.includes("[ ]")) {
      const at = marked(body);
      if (at < 0) continue;
      task = body.substring(at).trim();
    }
    if (task.length > 0) found.push(new TaskLine(keyOf(task), task, j, ticked));
  }
  return found;
}

/** Where the task begins after `TODO:` or `Action:`, anywhere a sentence may begin; -1 for none. */
function marked(body: string): i32 {
  const marks = ["TODO:", "Todo:", "Action:", "ACTION:", "Action item:"];
  for (let i = 0; i < marks.length; i++) {
    const at = body.indexOf(marks[i]);
    if (at == 0 || at > 1 && body.charAt(at - 1) == " " && ".!?".includes(body.charAt(at - 2))) return at + marks[i].length;
  }
  return -1;
}

/** Two tasks are the same but for capitals, spaces and the mark at the end. */
function keyOf(task: string): string {
  let key = fold(task);
  while (key.length > 0 && ".!;,".includes(key.charAt(key.length - 1))) key = key.substring(0, key.length - 1);
  return key;
}
