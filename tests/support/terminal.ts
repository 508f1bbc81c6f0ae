/** A terminal of the command line in memory, and runs of the command line on it. */
import { main } from "../../src/cli/main.ts";
import { OutputClosed, type Terminal } from "../../src/cli/terminal/terminal.ts";

/** What a terminal is like; a pipe with nothing to read and no environment unless said otherwise. */
export interface TerminalFacts {
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly input?: string;
  readonly answers?: readonly string[];
  /** Nobody reads what is printed. */
  readonly closed?: boolean;
}

/** A terminal that keeps what was written. */
export class TestTerminal implements Terminal {
  readonly #facts: TerminalFacts;
  readonly #answers: string[];
  readonly questions: string[] = [];
  written = "";
  errors = "";

  constructor(facts: TerminalFacts = {}) {
    this.#facts = facts;
    this.#answers = [...facts.answers ?? []];
  }

  out(text: string): void {
    if (this.#facts.closed === true) throw new OutputClosed("Nobody reads the output");
    this.written += text;
  }

  err(text: string): void {
    this.errors += text;
  }

  get outIsTerminal(): boolean {
    return this.#facts.isTerminal === true;
  }

  get errIsTerminal(): boolean {
    return this.#facts.isTerminal === true;
  }

  get inIsTerminal(): boolean {
    return this.#facts.isTerminal === true;
  }

  columns(): number {
    return this.#facts.columns ?? 80;
  }

  env(name: string): string | undefined {
    return this.#facts.env?.[name];
  }

  get folder(): string {
    return this.#facts.folder ?? Deno.cwd();
  }

  read(): Promise<string> {
    return Promise.resolve(this.#facts.input ?? "");
  }

  ask(question: string): string | null {
    this.questions.push(question);
    return this.#answers.shift() ?? null;
  }

  now(): number {
    return 0;
  }
}

/** How a run ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process. */
export async function runCli(args: readonly string[], facts: TerminalFacts = {}): Promise<Ran> {
  const terminal = new TestTerminal(facts);
  const code = await main(args, terminal);
  return { code, out: terminal.written, err: terminal.errors };
}
