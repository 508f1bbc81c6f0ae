/**
 * How the demo tells its story: a line a promise, ✓ or ✗, what it found to the left and where or how long to the right.
 *
 * Invariants:
 * 1. The right column stands where the lines end; what is too long goes on in the next line, never cut.
 * 2. While something runs, a terminal shows what; it leaves no trace in the story.
 */
import { duration, oneLine, printable, type Screen, type Style, widthOf } from "../terminal/screen.ts";

const widthMax = 100;
const frames = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];
const framePauseMs = 100;

interface Line {
  readonly left: string;
  readonly right?: string;
  readonly style?: Style;
  /** After the text, dim. */
  readonly note?: string;
}

/** The demo's screen. */
export class Story {
  readonly screen: Screen;
  readonly #width: number;

  constructor(screen: Screen) {
    this.screen = screen;
    const columns = screen.isTerminal ? screen.terminal.columns() - 1 : widthMax;
    this.#width = Math.max(56, Math.min(widthMax, columns));
  }

  /** A promise: kept or broken. */
  check(ok: boolean, left: string, right = ""): void {
    this.#print(ok ? this.screen.paint("green", "✓") : this.screen.paint("red", "✗"), { left, right });
  }

  /** A question. */
  question(text: string): void {
    this.#print(this.screen.paint("cyan", "?"), { left: text, style: "bold" });
  }

  /** The name of a part of the story. */
  heading(text: string, right: string): void {
    this.#print(this.screen.paint("cyan", "•"), { left: text, right, style: "bold" });
  }

  /** A line below the one before. */
  under(left: string, right = "", style?: Style): void {
    this.#print(" ", style === undefined ? { left, right } : { left, right, style });
  }

  /** A quotation and where it stands; one that no longer holds is struck through, `note` stands after it. */
  quotation(text: string, right: string, note = "", isOld = false): void {
    this.#print(" ", { left: quoted(text), right, note, ...(isOld ? { style: "strike" } : {}) });
  }

  /** An empty line. */
  gap(): void {
    this.screen.line();
  }

  /** A line of its own, as it is. */
  plain(text: string): void {
    this.screen.line(`  ${text}`);
  }

  #print(mark: string, { left, right = "", style, note = "" }: Line): void {
    const text = printable(left);
    const room = this.#width - 4 - (right === "" ? 0 : widthOf(right) + 2);
    const lines = wrap(text, Math.max(24, room), this.#width - 6);
    const last = lines.length - 1;
    const noteRoom = last > 0 ? this.#width - 6 : room;
    const isBeside = note !== "" && widthOf(lines[last] ?? "") + 2 + widthOf(note) <= noteRoom;
    for (const [at, line] of lines.entries()) {
      const shown = style === undefined ? line : this.screen.paint(style, line);
      const after = at === last && isBeside ? `  ${note}` : "";
      const used = widthOf(line) + widthOf(after);
      const gap = " ".repeat(Math.max(2, this.#width - 4 - used - widthOf(right)));
      const end = at > 0 || right === "" ? "" : `${gap}${this.screen.paint("dim", right)}`;
      const begin = at === 0 ? `  ${mark} ` : "      ";
      this.screen.line(`${begin}${shown}${this.screen.paint("dim", after)}${end}`);
    }
    if (note !== "" && !isBeside) this.screen.line(`      ${this.screen.paint("dim", note)}`);
  }

  /**
   * Runs something that takes a while; a terminal shows what it is, and `say` tells what comes next.
   * The result, and how long it took in ms.
   */
  async working<T>(
    what: string,
    work: (say: (next: string) => void) => Promise<T>,
  ): Promise<{ readonly value: T; readonly ms: number }> {
    const { terminal, options, isJson } = this.screen;
    const isShown = options.progress && !options.quiet && !isJson && terminal.errIsTerminal;
    const start = terminal.now();
    let at = 0, now = what;
    const draw = () => {
      const time = terminal.now() - start;
      const since = time < 1000 ? "" : ` ${duration(time)}`;
      terminal.err(`\r\x1b[K  ${frames[at++ % frames.length]} ${now}${since}`);
    };
    if (isShown) draw();
    const timer = isShown ? setInterval(draw, framePauseMs) : undefined;
    try {
      const value = await work((next) => now = next);
      return { value, ms: terminal.now() - start };
    } finally {
      clearInterval(timer);
      if (isShown) terminal.err("\r\x1b[K");
    }
  }
}

/** A text in lines of at most `width` columns, `widthAfter` from the second on; words are not broken. */
function wrap(text: string, width: number, widthAfter: number): string[] {
  const lines: string[] = [];
  let line = "";
  // Runs of spaces inside a line are the caller's alignment.
  for (const word of text.split(/(?<=\S)(?= +\S)/)) {
    const room = lines.length === 0 ? width : widthAfter;
    if (line !== "" && widthOf(line + word) > room) {
      lines.push(line);
      line = word.trimStart();
    } else line += word;
  }
  lines.push(line);
  return lines;
}

/** A quotation on one line. */
export function quoted(text: string): string {
  return `"${oneLine(text)}"`;
}
