/**
 * JSON values: a reader, a writer and a tree that is pleasant without exceptions or unions.
 *
 * Invariants:
 * 1. Reading absent keys, indices and wrong kinds gives {@link Json.none} or the fallback: never a trap.
 * 2. Objects keep the order in which keys were set; the writer adds no spaces: one tree, one text.
 * 3. Numbers are f64; whole ones up to 2^53 are written without a point. A number that is not finite is null.
 * 4. Nesting is at most `jsonDepthMax`; deeper text does not parse. Of equal keys in a text the first counts.
 * 5. A text is checked whole when parsed, and taken apart only where it is looked at: a step that reads one field
 *    of a thousand engrams pays for one field.
 */

/** Deepest nesting the reader accepts. */
export const jsonDepthMax: i32 = 64;

export enum JsonKind {
  none,
  nil,
  bool,
  number,
  text,
  list,
  object,
}

// Shared by values without children, and never written to.
const noKeys: string[] = [];
const noItems: Json[] = [];

/** A JSON value. */
export class Json {
  /** What stands for an absent value. */
  static readonly none: Json = new Json(JsonKind.none);
  private static readonly nil: Json = new Json(JsonKind.nil);
  private static readonly yes: Json = new Json(JsonKind.bool, 1);
  private static readonly no: Json = new Json(JsonKind.bool, 0);

  /** A text's value; while `place` ≥ 0, the JSON that holds this value. */
  private text_: string = "";
  /** Where this value stands in `text_`, or -1: it has been taken apart, or was never JSON text. */
  private place: i32 = -1;
  private keys_: string[] = noKeys;
  private items_: Json[] = noItems;

  private constructor(readonly kind: JsonKind, private number_: f64 = 0) {}

  static null(): Json {
    return Json.nil;
  }
  static bool(value: bool): Json {
    return value ? Json.yes : Json.no;
  }
  static number(value: f64): Json {
    return new Json(JsonKind.number, value);
  }
  static text(value: string): Json {
    const json = new Json(JsonKind.text);
    json.text_ = value;
    return json;
  }
  static list(items: Json[] = []): Json {
    const json = new Json(JsonKind.list);
    json.items_ = items;
    return json;
  }
  static texts(items: string[]): Json {
    const json = Json.list();
    for (let i = 0; i < items.length; i++) json.items_.push(Json.text(items[i]));
    return json;
  }
  static object(): Json {
    return new Json(JsonKind.object);
  }

  /** Reads one JSON text; {@link Json.none} if it is not exactly that. */
  static parse(text: string): Json {
    const start = space(text, 0);
    const end = check(text, start, 0);
    return end < 0 || space(text, end) != text.length ? Json.none : Json.within(text, start);
  }

  /** The value at a place of a text that has been checked. */
  private static within(text: string, at: i32): Json {
    const code = codeAt(text, at);
    if (code == 0x6e) return Json.nil;
    if (code == 0x74) return Json.yes;
    if (code == 0x66) return Json.no;
    let kind = JsonKind.number;
    if (code == 0x22) kind = JsonKind.text;
    else if (code == 0x7b) kind = JsonKind.object;
    else if (code == 0x5b) kind = JsonKind.list;
    const json = new Json(kind);
    if (kind == JsonKind.number) json.number_ = numberAt(text, at);
    else {
      json.text_ = text;
      json.place = at;
    }
    return json;
  }

  /** Takes a list or an object apart: its children stay as they stand. */
  private open(): void {
    const text = this.text_;
    let at = this.place;
    if (at < 0) return;
    this.place = -1;
    this.text_ = "";
    const named = this.kind == JsonKind.object;
    const items: Json[] = [];
    const keys: string[] = [];
    at = space(text, at + 1);
    while (codeAt(text, at) != 0x7d && codeAt(text, at) != 0x5d) {
      if (named) {
        keys.push(keyAt(text, at));
        at = space(text, space(text, skipText(text, at)) + 1);
      }
      items.push(Json.within(text, at));
      at = next(text, skip(text, at));
    }
    this.items_ = items;
    if (named) this.keys_ = keys;
  }

  // @ts-ignore: decorator
  @inline
  private opened(): Json {
    if (this.place >= 0 && this.kind != JsonKind.text) this.open();
    return this;
  }

  /** False for an absent value (not for null). */
  get exists(): bool {
    return this.kind != JsonKind.none;
  }
  get isText(): bool {
    return this.kind == JsonKind.text;
  }
  get isList(): bool {
    return this.kind == JsonKind.list;
  }
  get isObject(): bool {
    return this.kind == JsonKind.object;
  }
  /** Number of items of a list or keys of an object, else 0. */
  get length(): i32 {
    return this.opened().items_.length;
  }
  /** Keys of an object in order, else none. */
  get keys(): string[] {
    return this.opened().keys_;
  }
  /** Items of a list, or values of an object in order. */
  get items(): Json[] {
    return this.opened().items_;
  }

  asText(fallback: string = ""): string {
    if (this.kind != JsonKind.text) return fallback;
    if (this.place >= 0) {
      this.text_ = textAt(this.text_, this.place);
      this.place = -1;
    }
    return this.text_;
  }
  asNumber(fallback: f64 = 0): f64 {
    return this.kind == JsonKind.number ? this.number_ : fallback;
  }
  asInteger(fallback: i64 = 0): i64 {
    return this.kind == JsonKind.number ? <i64> this.number_ : fallback;
  }
  asBool(fallback: bool = false): bool {
    return this.kind == JsonKind.bool ? this.number_ != 0 : fallback;
  }
  /** Every text of a list, in order; other items are left out. */
  asTexts(): string[] {
    const texts: string[] = [];
    if (this.kind != JsonKind.list) return texts;
    const items = this.items;
    for (let i = 0; i < items.length; i++) {
      if (items[i].isText) texts.push(items[i].asText());
    }
    return texts;
  }

  /** The value of a key, or {@link Json.none}. */
  get(key: string): Json {
    if (this.kind != JsonKind.object) return Json.none;
    if (this.place >= 0) return this.look(key);
    const keys = this.keys_;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] == key) return this.items_[i];
    }
    return Json.none;
  }

  /** {@link get} in the text, without taking the object apart. */
  private look(key: string): Json {
    const text = this.text_;
    let at = space(text, this.place + 1);
    while (codeAt(text, at) != 0x7d) {
      const end = skipText(text, at);
      const value = space(text, space(text, end) + 1);
      if (isKey(text, at, end, key)) return Json.within(text, value);
      at = next(text, skip(text, value));
    }
    return Json.none;
  }

  /** The item at an index, or {@link Json.none}. */
  at(index: i32): Json {
    const items = this.items;
    return this.kind == JsonKind.list && index >= 0 && index < items.length ? items[index] : Json.none;
  }
  has(key: string): bool {
    return this.get(key).exists;
  }

  /** Sets a key of an object and gives the object back. */
  set(key: string, value: Json): Json {
    const keys = this.opened().keys_;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] == key) {
        this.items_[i] = value;
        return this;
      }
    }
    return this.append(key, value);
  }
  setText(key: string, value: string): Json {
    return this.set(key, Json.text(value));
  }
  setNumber(key: string, value: f64): Json {
    return this.set(key, Json.number(value));
  }
  setBool(key: string, value: bool): Json {
    return this.set(key, Json.bool(value));
  }
  /** Adds an item to a list and gives the list back. */
  push(item: Json): Json {
    assert(this.kind == JsonKind.list, "push() is for lists");
    this.opened().items_.push(item);
    return this;
  }
  /** Adds a key known to be new. */
  append(key: string, value: Json): Json {
    assert(this.kind == JsonKind.object, "set() is for objects");
    this.opened();
    if (this.items_ === noItems) {
      this.keys_ = [];
      this.items_ = [];
    }
    this.keys_.push(key);
    this.items_.push(value);
    return this;
  }

  /** The value as JSON text; an absent value is `null`. */
  toString(): string {
    const parts: string[] = [];
    this.write(parts);
    return parts.length == 1 ? parts[0] : parts.join("");
  }

  private write(parts: string[]): void {
    switch (this.kind) {
      case JsonKind.bool:
        parts.push(this.number_ != 0 ? "true" : "false");
        return;
      case JsonKind.number:
        parts.push(numberText(this.number_));
        return;
      case JsonKind.text:
        parts.push(quote(this.asText()));
        return;
      case JsonKind.list: {
        const items = this.items;
        parts.push("[");
        for (let i = 0; i < items.length; i++) {
          if (i > 0) parts.push(",");
          items[i].write(parts);
        }
        parts.push("]");
        return;
      }
      case JsonKind.object: {
        const items = this.items;
        const keys = this.keys_;
        parts.push("{");
        for (let i = 0; i < items.length; i++) {
          if (i > 0) parts.push(",");
          parts.push(quote(keys[i]));
          parts.push(":");
          items[i].write(parts);
        }
        parts.push("}");
        return;
      }
      default:
        parts.push("null");
    }
  }
}

function numberText(value: f64): string {
  if (!isFinite(value)) return "null";
  if (value == Math.trunc(value) && Math.abs(value) <= 9007199254740992) return (<i64> value).toString();
  return value.toString();
}

const hexDigits = "0123456789abcdef";

/** A text as a JSON string with its quotes. */
export function quote(text: string): string {
  let parts: string[] | null = null;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = codeAt(text, i);
    if (code >= 0x20 && code != 0x22 && code != 0x5c) continue;
    if (parts === null) parts = ['"'];
    parts.push(text.substring(from, i));
    parts.push(escape(code));
    from = i + 1;
  }
  if (parts === null) return '"' + text + '"';
  parts.push(text.substring(from));
  parts.push('"');
  return parts.join("");
}

function escape(code: i32): string {
  switch (code) {
    case 0x22:
      return '\\"';
    case 0x5c:
      return "\\\\";
    case 0x0a:
      return "\\n";
    case 0x0d:
      return "\\r";
    case 0x09:
      return "\\t";
    case 0x08:
      return "\\b";
    case 0x0c:
      return "\\f";
    default:
      return "\\u00" + hexDigits.charAt(code >> 4) + hexDigits.charAt(code & 15);
  }
}

// ---- places in a text: `check` by the letter of RFC 8259, the others in a text that has been checked

/** The UTF-16 unit at a place inside the text. */
function codeAt(text: string, at: i32): i32 {
  return <i32> load<u16>(changetype<usize>(text) + (<usize> at << 1));
}

function codeOrEnd(text: string, at: i32): i32 {
  return at < text.length ? codeAt(text, at) : -1;
}

/** The first place from `at` on that is no space. */
function space(text: string, at: i32): i32 {
  const length = text.length;
  while (at < length) {
    const code = codeAt(text, at);
    if (code != 0x20 && code != 0x0a && code != 0x0d && code != 0x09) return at;
    at++;
  }
  return at;
}

/** The place after the value at `at`, or -1 if there is none. */
function check(text: string, at: i32, depth: i32): i32 {
  const code = codeOrEnd(text, at);
  if (code == 0x22) return checkText(text, at);
  if (code == 0x7b || code == 0x5b) return depth < jsonDepthMax ? checkChildren(text, at, depth + 1) : -1;
  if (code == 0x74) return checkWord(text, at, "true");
  if (code == 0x66) return checkWord(text, at, "false");
  if (code == 0x6e) return checkWord(text, at, "null");
  return checkNumber(text, at);
}

function checkWord(text: string, at: i32, word: string): i32 {
  for (let i = 0; i < word.length; i++) {
    if (codeOrEnd(text, at + i) != codeAt(word, i)) return -1;
  }
  return at + word.length;
}

function isDigit(code: i32): bool {
  return code >= 0x30 && code <= 0x39;
}

function checkNumber(text: string, at: i32): i32 {
  if (codeOrEnd(text, at) == 0x2d) at++;
  const zero = codeOrEnd(text, at) == 0x30;
  const from = at;
  while (isDigit(codeOrEnd(text, at))) at++;
  if (at == from || (zero && at > from + 1)) return -1;
  if (codeOrEnd(text, at) == 0x2e) {
    const first = ++at;
    while (isDigit(codeOrEnd(text, at))) at++;
    if (at == first) return -1;
  }
  if ((codeOrEnd(text, at) | 0x20) == 0x65) {
    at++;
    if (codeOrEnd(text, at) == 0x2b || codeOrEnd(text, at) == 0x2d) at++;
    const first = at;
    while (isDigit(codeOrEnd(text, at))) at++;
    if (at == first) return -1;
  }
  return at;
}

function checkText(text: string, at: i32): i32 {
  const length = text.length;
  at++;
  while (at < length) {
    const code = codeAt(text, at);
    if (code == 0x22) return at + 1;
    if (code < 0x20) return -1;
    at++;
    if (code != 0x5c) continue;
    const sign = codeOrEnd(text, at);
    at++;
    if (sign == 0x75) {
      for (const end = at + 4; at < end; at++) if (hexAt(text, at) < 0) return -1;
    } else if (
      sign != 0x22 && sign != 0x5c && sign != 0x2f && sign != 0x6e && sign != 0x72 && sign != 0x74 &&
      sign != 0x62 &&
      sign != 0x66
    ) return -1;
  }
  return -1;
}

function checkChildren(text: string, at: i32, depth: i32): i32 {
  const named = codeAt(text, at) == 0x7b;
  const close = named ? 0x7d : 0x5d;
  at = space(text, at + 1);
  if (codeOrEnd(text, at) == close) return at + 1;
  while (true) {
    if (named) {
      if (codeOrEnd(text, at) != 0x22) return -1;
      at = checkText(text, at);
      if (at < 0) return -1;
      at = space(text, at);
      if (codeOrEnd(text, at) != 0x3a) return -1;
      at = space(text, at + 1);
    }
    at = check(text, at, depth);
    if (at < 0) return -1;
    at = space(text, at);
    const code = codeOrEnd(text, at);
    at++;
    if (code == close) return at;
    if (code != 0x2c) return -1;
    at = space(text, at);
  }
}

/** The value of a hexadecimal digit, or -1. */
function hexAt(text: string, at: i32): i32 {
  const code = codeOrEnd(text, at);
  if (isDigit(code)) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The place after the text at `at`. */
function skipText(text: string, at: i32): i32 {
  at++;
  while (true) {
    const code = codeAt(text, at++);
    if (code == 0x22) return at;
    if (code == 0x5c) at++;
  }
}

/** The place after the value at `at`. */
function skip(text: string, at: i32): i32 {
  const length = text.length;
  let depth = 0;
  while (at < length) {
    const code = codeAt(text, at);
    if (code == 0x22) {
      at = skipText(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (code == 0x7b || code == 0x5b) depth++;
    else if (code == 0x7d || code == 0x5d) {
      // The end of what holds a number or a word; or of the value itself.
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (code == 0x2c || code <= 0x20)) return at;
    at++;
  }
  return at;
}

/** From after a value to the next one, or to the end of what holds it. */
function next(text: string, at: i32): i32 {
  at = space(text, at);
  return codeAt(text, at) == 0x2c ? space(text, at + 1) : at;
}

function numberAt(text: string, at: i32): f64 {
  const from = at;
  const negative = codeAt(text, at) == 0x2d;
  if (negative) at++;
  let whole: i64 = 0;
  const first = at;
  while (isDigit(codeOrEnd(text, at))) whole = whole * 10 + (codeAt(text, at++) - 0x30);
  const code = codeOrEnd(text, at);
  if (at - first <= 15 && code != 0x2e && (code | 0x20) != 0x65) {
    return negative ? -(<f64> whole) : <f64> whole;
  }
  return F64.parseFloat(text.substring(from, skip(text, at)));
}

/** The text at `at`, decoded. */
function textAt(text: string, at: i32): string {
  const end = skipText(text, at) - 1;
  let from = at + 1;
  let parts: string[] | null = null;
  for (let i = from; i < end; i++) {
    if (codeAt(text, i) != 0x5c) continue;
    if (parts === null) parts = [];
    parts.push(text.substring(from, i));
    const sign = codeAt(text, ++i);
    if (sign == 0x75) {
      const code = (hexAt(text, i + 1) << 12) | (hexAt(text, i + 2) << 8) | (hexAt(text, i + 3) << 4) |
        hexAt(text, i + 4);
      parts.push(String.fromCharCode(code));
      i += 4;
    } else parts.push(String.fromCharCode(unescape(sign)));
    from = i + 1;
  }
  if (parts === null) return text.substring(from, end);
  parts.push(text.substring(from, end));
  return parts.join("");
}

function unescape(sign: i32): i32 {
  switch (sign) {
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    default:
      return sign;
  }
}

/** Whether the text at [at, end), with its quotes, is `key`. */
function isKey(text: string, at: i32, end: i32, key: string): bool {
  const length = end - at - 2;
  if (length != key.length) return keyIsEscaped(text, at, end) && textAt(text, at) == key;
  for (let i = 0; i < length; i++) {
    if (codeAt(text, at + 1 + i) != codeAt(key, i)) return false;
  }
  return !keyIsEscaped(text, at, end);
}

function keyIsEscaped(text: string, at: i32, end: i32): bool {
  for (let i = at; i < end; i++) if (codeAt(text, i) == 0x5c) return true;
  return false;
}

/** The last keys read: the objects of one answer have the same ones. */
const known: string[] = [];
let knownNext: i32 = 0;
const knownMax: i32 = 32;

function keyAt(text: string, at: i32): string {
  const end = skipText(text, at);
  for (let i = 0; i < known.length; i++) {
    if (known[i].length == end - at - 2 && isKey(text, at, end, known[i])) return known[i];
  }
  const key = textAt(text, at);
  if (known.length < knownMax) known.push(key);
  else {
    known[knownNext] = key;
    knownNext = (knownNext + 1) % knownMax;
  }
  return key;
}
