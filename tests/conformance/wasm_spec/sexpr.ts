/**
 * Reads the parenthesised form of .wast scripts. The file is held as Latin-1 (one character is one byte), so offsets,
 * escapes and raw bytes agree.
 */

export interface Atom {
  readonly kind: "atom" | "string";
  /** The text as written, quotes included. */
  readonly text: string;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

export type Node = Atom | List;

const space = " \t\r\n";

/** Reads every top-level list of a script. Annotations `(@id …)` are left out. */
export function readScript(text: string): List[] {
  const open: { items: Node[]; start: number; line: number; annotation: boolean }[] = [];
  const top: List[] = [];
  let at = 0;
  let line = 1;
  const add = (node: Node) => {
    const parent = open[open.length - 1];
    if (parent !== undefined) parent.items.push(node);
    else if (node.kind === "list") top.push(node);
  };
  while (at < text.length) {
    const c = text[at]!;
    if (c === "\n") line++;
    if (space.includes(c)) at++;
    else if (text.startsWith(";;", at)) {
      while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
    } else if (text.startsWith("(;", at)) {
      const end = endOfComment(text, at);
      line += text.slice(at, end).split("\n").length - 1;
      at = end;
    } else if (c === "(") {
      open.push({ items: [], start: at, line, annotation: text[at + 1] === "@" });
      at++;
    } else if (c === ")") {
      at++;
      const list = open.pop();
      if (list !== undefined && !list.annotation) {
        add({ kind: "list", items: list.items, start: list.start, end: at, line: list.line });
      }
    } else if (c === '"') {
      const end = endOfString(text, at);
      add({ kind: "string", text: text.slice(at, end) });
      at = end;
    } else {
      const start = at;
      at++;
      while (at < text.length && !`${space}()";`.includes(text[at]!)) at++;
      add({ kind: "atom", text: text.slice(start, at) });
    }
  }
  return top;
}

/** The end of a block comment; they nest. */
export function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith("(;", at)) {
      depth++;
      at++;
    } else if (text.startsWith(";)", at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

export function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** The bytes of a string as written. */
export function stringBytes(text: string): number[] {
  const bytes: number[] = [];
  const simple: Record<string, number> = { t: 9, n: 10, r: 13, '"': 34, "'": 39, "\\": 92 };
  for (let at = 1; at < text.length - 1; at++) {
    if (text[at] !== "\\") {
      bytes.push(text.charCodeAt(at));
      continue;
    }
    const next = text[at + 1]!;
    if (next === "u") {
      const end = text.indexOf("}", at);
      const code = String.fromCodePoint(parseInt(text.slice(at + 3, end), 16));
      bytes.push(...new TextEncoder().encode(code));
      at = end;
    } else if (simple[next] !== undefined) {
      bytes.push(simple[next]);
      at++;
    } else {
      bytes.push(parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return bytes;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The name a string stands for. */
export const stringName = (text: string): string => utf8.decode(new Uint8Array(stringBytes(text)));

/** A slice of a script made plain for an assembler: comments gone, bytes above 127 in strings escaped. */
export function plainText(text: string): string {
  let out = "";
  let at = 0;
  while (at < text.length) {
    if (text.startsWith(";;", at)) {
      while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
    } else if (text.startsWith("(;", at)) {
      at = endOfComment(text, at);
      out += " ";
    } else if (text[at] === '"') {
      const end = endOfString(text, at);
      for (const c of text.slice(at, end)) {
        out += c.charCodeAt(0) < 128 ? c : `\\${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
      }
      at = end;
    } else {
      out += text[at];
      at++;
    }
  }
  return out;
}
