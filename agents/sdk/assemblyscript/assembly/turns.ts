/**
 * A chat pasted as text: lines each with a speaker before what was said, with or without a stamp
 * of the day before the speaker.
 *
 * Invariant: a text is a chat by itself alone: most of its lines have a label, by two at least, and someone says I or
 * you, or speaks again after another. A list of labels ("Butter: …") is none.
 */
import { afterStamp, fold, isDigit, isLabelLine, isSpace, Line, LineKind, Sentence, words } from "./text";

/** Who says this, or to whom it is said, is a person. */
const speaking: string[] = [
  "i",
  "i'm",
  "i'll",
  "i've",
  "i'd",
  "we",
  "we're",
  "we'll",
  "me",
  "my",
  "our",
  "us",
  "you",
  "your",
];
/** Words of a speaker's name. */
const nameWordsMax: i32 = 3;
/** Lines with a speaker, in tenths of the lines of prose. */
const labelledTenthsMin: i32 = 7;

export class Turns {
  /** By where a line begins, where what is said begins. */
  private readonly starts: Map<i32, i32> = new Map<i32, i32>();
  private lines: i32 = 0;
  private said: bool = false;
  private several: bool = false;
  private readonly speakers: string[] = [];

  /** `isLabel` tells of a word in small letters that it is no one's name. */
  constructor(
    private readonly text: string,
    spans: Sentence[],
    all: Line[],
    private readonly isLabel: (lower: string) => bool,
  ) {
    for (let i = 0; i < spans.length; i++) {
      const span = spans[i];
      if (span.kind != LineKind.prose || span.start != all[span.line].body) continue;
      this.lines++;
      const from = afterStamp(text, span.start, span.end);
      if (isLabelLine(text, from, span.end)) this.read(span, from);
    }
  }

  /** `from`: behind the stamp, if it begins with one. */
  private read(span: Sentence, from: i32): void {
    const text = this.text;
    const colon = text.indexOf(":", from);
    // Of a part of its own: words of a long text are counted from its beginning.
    const label = text.substring(from, colon);
    const name = words(label);
    if (name.length == 0 || name.length > nameWordsMax) return;
    for (let i = 0; i < name.length; i++) {
      if (isDigit(label.charCodeAt(name[i].start)) || this.isLabel(fold(name[i].textIn(label)))) return;
    }
    let start = colon + 1;
    while (start < span.end && isSpace(text.charCodeAt(start))) start++;
    if (start >= span.end) return;
    this.starts.set(span.start, start);
    const speaker = fold(label);
    const count = this.speakers.length;
    if (count > 0 && this.speakers[count - 1] != speaker) {
      this.several = true;
      if (this.speakers.includes(speaker)) this.said = true;
    }
    this.speakers.push(speaker);
    if (this.said) return;
    const said = text.substring(start, span.end);
    const rest = words(said);
    for (let i = 0; i < rest.length && !this.said; i++) {
      this.said = speaking.includes(fold(rest[i].textIn(said)).replace("\u2019", "'"));
    }
  }

  get isChat(): bool {
    return this.said && this.several && this.starts.size * 10 >= this.lines * labelledTenthsMin;
  }

  /** Where what is said begins of a sentence that begins at `start`. */
  after(start: i32): i32 {
    return this.isChat && this.starts.has(start) ? this.starts.get(start) : start;
  }
}
