/**
 * What a command shows: one JSON document for a program, or text for a person.
 *
 * Invariants:
 * 1. With --json, stdout holds one JSON document and nothing else; with --jsonl, one a line of a list.
 * 2. Colour, progress and summaries never reach a pipe, and nothing but errors is said with --quiet.
 * 3. A table is aligned on a terminal and tab-separated in a pipe, with one row a line in both.
 */
import { EngramError } from "../../kernel/errors.ts";
import type { Progress } from "../../runtime/port.ts";
import type { Terminal } from "./terminal.ts";

/** How to show things. */
export interface ScreenOptions {
  readonly format: "text" | "json" | "jsonl";
  readonly quiet: boolean;
  readonly color: "auto" | "always" | "never";
  readonly progress: boolean;
}

const codes = { bold: "1", dim: "2", strike: "9", red: "31", green: "32", yellow: "33", cyan: "36" } as const;
/** A way to emphasise. */
export type Style = keyof typeof codes;

/** A column of a table: its heading, and its text for a row. `right` puts numbers under each other. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly right?: boolean;
  /** Cut to what is left of the line on a terminal. */
  readonly fills?: boolean;
  /** Cut at its beginning, down to a third of the line, where the filling column would have less than a third. */
  readonly yields?: boolean;
}

/** Made at its first use: it loads tables that take longer than a whole short command. */
let segmenter: Intl.Segmenter | null = null;
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** The characters of a text as a person counts them. */
function segmentsOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** How many columns a text takes on a screen. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const segment of segmentsOf(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** A text cut to a width, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const segment of segmentsOf(text)) {
    const step = widthOf(segment);
    if (used + step > width) break;
    kept += segment;
    used += step;
  }
  return `${kept.trimEnd()}…`;
}

/** A text cut to a width at its beginning: of a path, its end says more. */
function cutStart(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const segments = segmentsOf(text);
  let used = widthOf(text) + 1;
  let from = 0;
  while (from < segments.length && used > width) used -= widthOf(segments[from++] ?? "");
  return `…${segments.slice(from).join("")}`;
}

/** A text on one line, without characters that would move the cursor. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").trim();
}

/** A text without control characters but line ends and tabs: what a note holds can't steer the terminal. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** A duration for people. */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** A whole number with separators. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 memory`, `2 memories`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes for people. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KB", "MB", "GB"];
  let value = bytes / 1024;
  while (value >= 1024 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return `${value.toFixed(1)} ${units[0]}`;
}

/** A screen. */
export class Screen {
  readonly terminal: Terminal;
  readonly options: ScreenOptions;
  readonly #start: number;
  #bar = "";
  #barTime = -Infinity;
  #said = false;

  constructor(terminal: Terminal, options: ScreenOptions) {
    this.terminal = terminal;
    this.options = options;
    this.#start = terminal.now();
  }

  /** Whether the reader is a program. */
  get isJson(): boolean {
    return this.options.format !== "text";
  }

  /** Whether a person looks at stdout. */
  get isTerminal(): boolean {
    return !this.isJson && this.terminal.outIsTerminal;
  }

  /** Prints a result: the value as JSON, or what `text` makes of it. */
  result(value: unknown, text: () => void): void {
    this.#clearBar();
    if (!this.isJson) text();
    else if (!this.#said) {
      this.#said = true;
      this.terminal.out(`${JSON.stringify(value)}\n`);
    }
  }

  /** Prints a list: `{[key]: items, …rest}` as JSON, an item a line with --jsonl, or what `text` makes of it. */
  list<Item>(key: string, items: readonly Item[], rest: object, text: () => void): void {
    if (this.options.format !== "jsonl") return this.result({ [key]: items, ...rest }, text);
    this.#clearBar();
    for (const item of items) this.row(item);
  }

  /** Prints one item of an endless list as a line of JSON. */
  row(item: unknown): void {
    this.#said = true;
    this.terminal.out(`${JSON.stringify(item)}\n`);
  }

  /** Prints a line for people. */
  line(text = ""): void {
    if (this.isJson) return;
    this.#clearBar();
    this.terminal.out(`${text}\n`);
  }

  /** Says something beside the result, to people only. */
  note(text: string): void {
    if (this.isJson || this.options.quiet) return;
    this.#clearBar();
    this.terminal.err(`${text}\n`);
  }

  /** The one line at the end: what was done, and how long it took. */
  summary(text: string): void {
    this.note(this.#paint(this.terminal.errIsTerminal, "dim", `${text} · ${this.elapsed()}`));
  }

  /** How long the command has run, in words. */
  elapsed(): string {
    return duration(this.terminal.now() - this.#start);
  }

  /** A text in a style, where stdout shows styles. */
  paint(style: Style, text: string): string {
    return this.#paint(this.terminal.outIsTerminal, style, text);
  }

  #paint(isTerminal: boolean, style: Style, text: string): string {
    return text !== "" && this.#showsColor(isTerminal) ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
  }

  #showsColor(isTerminal: boolean): boolean {
    if (this.options.color !== "auto") return this.options.color === "always";
    const env = (name: string) => this.terminal.env(name) ?? "";
    return isTerminal && env("NO_COLOR") === "" && env("TERM") !== "dumb";
  }

  /** Prints rows. In a pipe there is no heading, and a tab between columns. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    if (this.isJson) return;
    this.#clearBar();
    if (!this.terminal.outIsTerminal) {
      for (const row of rows) this.line(columns.map(({ text }) => oneLine(text(row))).join("\t"));
      return;
    }
    const cells = rows.map((row) => columns.map(({ text }) => oneLine(text(row))));
    const widths = columns.map(({ title }, at) =>
      Math.max(widthOf(title), ...cells.map((row) => widthOf(row[at] ?? "")))
    );
    this.#fit(widths, columns);
    const print = (row: readonly string[]) =>
      row.map((cell, at) => {
        const width = widths[at] ?? 0;
        const { fills, yields } = columns[at] ?? {};
        const shown = fills === true ? cut(cell, width) : yields === true ? cutStart(cell, width) : cell;
        const pad = " ".repeat(Math.max(0, width - widthOf(shown)));
        return columns[at]?.right === true ? pad + shown : shown + pad;
      }).join("  ").trimEnd();
    this.line(this.paint("dim", print(columns.map(({ title }) => title))));
    for (const row of cells) this.line(print(row));
  }

  /** Makes widths fit the line: first of what the filling column can spare, then of the yielding one, then of both. */
  #fit(widths: number[], columns: readonly { readonly fills?: boolean; readonly yields?: boolean }[]): void {
    const line = this.terminal.columns();
    const third = Math.floor(line / 3);
    let over = widths.reduce((sum, width) => sum + width + 2, -2) - line;
    const narrow = (at: number, least: number) => {
      const width = widths[at];
      if (width === undefined) return;
      widths[at] = Math.max(Math.min(width, least), width - Math.max(0, over));
      over -= width - (widths[at] ?? 0);
    };
    const filling = columns.findIndex(({ fills }) => fills === true);
    const yielding = columns.findIndex(({ yields }) => yields === true);
    if (yielding >= 0) {
      narrow(filling, third);
      narrow(yielding, third);
    }
    narrow(filling, 12);
  }

  /** Prints names and values under each other; in a pipe with a tab between. */
  facts(pairs: readonly (readonly [string, string])[]): void {
    const width = Math.max(...pairs.map(([name]) => widthOf(name)));
    for (const [name, value] of pairs) {
      if (!this.terminal.outIsTerminal) this.line(`${name}\t${oneLine(value)}`);
      else this.line(`${this.paint("dim", name + " ".repeat(width - widthOf(name)))}  ${value}`);
    }
  }

  /** Shows how far a long piece of work has come, on a terminal, ten times a second at most. */
  progress({ done, total, what }: Progress): void {
    if (!this.options.progress || this.options.quiet || this.isJson || !this.terminal.errIsTerminal) return;
    const now = this.terminal.now();
    if (now - this.#barTime < 100 && done < total) return;
    this.#barTime = now;
    const cells = 24;
    const filled = total === 0 ? cells : Math.min(cells, Math.round((done / total) * cells));
    const bar = `${"━".repeat(filled)}${"─".repeat(cells - filled)}`;
    const text = cut(
      `${bar} ${count(done)} of ${count(total)} ${oneLine(what)}`,
      this.terminal.columns() - 1,
    );
    this.#bar = text;
    this.terminal.err(`\r\x1b[K${text}`);
  }

  #clearBar(): void {
    if (this.#bar === "") return;
    this.#bar = "";
    this.terminal.err("\r\x1b[K");
  }

  /** Prints an error: JSON for a program, `error:` and `hint:` lines for a person. */
  error(error: EngramError | Error): void {
    this.#clearBar();
    const refusal = error instanceof EngramError;
    const hint = refusal ? error.hint : faultHint;
    if (this.isJson) {
      const body = refusal ? error.toJSON() : { code: "fault", message: error.message, hint };
      this.terminal.err(`${JSON.stringify({ error: body })}\n`);
      return;
    }
    const paint = (style: Style, text: string) => this.#paint(this.terminal.errIsTerminal, style, text);
    this.terminal.err(`${paint("red", "error:")} ${printable(error.message)}\n`);
    const backtrace = refusal ? error.data["backtrace"] : (error.stack ?? "").split("\n").slice(1);
    if (Array.isArray(backtrace)) {
      for (const frame of backtrace.slice(0, 12)) this.terminal.err(`  ${printable(String(frame)).trim()}\n`);
    }
    if (hint !== "") this.terminal.err(`${paint("cyan", "hint:")} ${hint}\n`);
  }
}

const faultHint =
  "This is a fault of the program, not yours; the log is kept, and engramlt doctor looks at the data folder";
