/**
 * JSON values: a reader, a writer and a tree that is pleasant without exceptions or unions.
 *
 * Invariants:
 * 1. Reading absent keys, indices and wrong kinds gives {@link Json.none} or the fallback: never a trap.
 * 2. Objects keep the order in which keys were set; the writer adds no spaces: one tree, one text.
 * 3. Numbers are f64; whole ones up to 2^53 are written without a point. A number that is not finite is null.
 * 4. Nesting is at most `jsonDepthMax`; deeper text does not parse.
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

// Shared by all values that are neither list nor object, and never written to.
const noKeys: string[] = [];
const noItems: Json[] = [];

/** A JSON value. */
export class Json {
  /** What stands for an absent value. */
  static readonly none: Json = new Json(JsonKind.none);

  private number_: f64 = 0;
  private text_: string = "";
  private keys_: string[] = noKeys;
  private items_: Json[] = noItems;

  private constructor(readonly kind: JsonKind) {}

  static null(): Json {
    return new Json(JsonKind.nil);
  }
  static bool(value: bool): Json {
    const json = new Json(JsonKind.bool);
    json.number_ = value ? 1 : 0;
    return json;
  }
  static number(value: f64): Json {
    const json = new Json(JsonKind.number);
    json.number_ = value;
    return json;
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
    const json = new Json(JsonKind.object);
    json.keys_ = [];
    json.items_ = [];
    return json;
  }

  /** Reads one JSON text; {@link Json.none} if it is not exactly that. */
  static parse(text: string): Json {
    return new Reader(text).document();
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
    return this.items_.length;
  }
  /** Keys of an object in order, else none. */
  get keys(): string[] {
    return this.keys_;
  }
  /** Items of a list, or values of an object in order. */
  get items(): Json[] {
    return this.items_;
  }

  asText(fallback: string = ""): string {
    return this.kind == JsonKind.text ? this.text_ : fallback;
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
    for (let i = 0; i < this.items_.length; i++) {
      if (this.items_[i].isText) texts.push(this.items_[i].text_);
    }
    return texts;
  }

  /** The value of a key, or {@link Json.none}. */
  get(key: string): Json {
    const keys = this.keys_;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] == key) return this.items_[i];
    }
    return Json.none;
  }
  /** The item at an index, or {@link Json.none}. */
  at(index: i32): Json {
    return this.kind == JsonKind.list && index >= 0 && index < this.items_.length
      ? this.items_[index]
      : Json.none;
  }
  has(key: string): bool {
    return this.get(key).exists;
  }

  /** Sets a key of an object and gives the object back. */
  set(key: string, value: Json): Json {
    const keys = this.keys_;
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
    this.items_.push(item);
    return this;
  }
  /** Adds a key known to be new. */
  append(key: string, value: Json): Json {
    assert(this.kind == JsonKind.object, "set() is for objects");
    this.keys_.push(key);
    this.items_.push(value);
    return this;
  }

  /** The value as JSON text; an absent value is `null`. */
  toString(): string {
    const parts: string[] = [];
    this.write(parts);
    return parts.join("");
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
        parts.push(quote(this.text_));
        return;
      case JsonKind.list:
        parts.push("[");
        for (let i = 0; i < this.items_.length; i++) {
          if (i > 0) parts.push(",");
          this.items_[i].write(parts);
        }
        parts.push("]");
        return;
      case JsonKind.object:
        parts.push("{");
        for (let i = 0; i < this.items_.length; i++) {
          if (i > 0) parts.push(",");
          parts.push(quote(this.keys_[i]));
          parts.push(":");
          this.items_[i].write(parts);
        }
        parts.push("}");
        return;
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
    const code = text.charCodeAt(i);
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

/** Reads one JSON text by the letter of RFC 8259. */
class Reader {
  private position: i32 = 0;
  private depth: i32 = 0;
  private failed: bool = false;

  constructor(private readonly text: string) {}

  document(): Json {
    const value = this.value();
    this.space();
    return this.failed || this.position != this.text.length ? Json.none : value;
  }

  private fail(): Json {
    this.failed = true;
    return Json.none;
  }

  // @ts-ignore: decorator
  @inline
  private peek(): i32 {
    return this.position < this.text.length ? <i32> this.text.charCodeAt(this.position) : -1;
  }

  private space(): void {
    while (true) {
      const code = this.peek();
      if (code != 0x20 && code != 0x0a && code != 0x0d && code != 0x09) return;
      this.position++;
    }
  }

  private value(): Json {
    this.space();
    const code = this.peek();
    if (code == 0x22) return Json.text(this.string());
    if (code == 0x7b) return this.object();
    if (code == 0x5b) return this.list();
    if (code == 0x74) return this.word("true", Json.bool(true));
    if (code == 0x66) return this.word("false", Json.bool(false));
    if (code == 0x6e) return this.word("null", Json.null());
    return this.number();
  }

  private word(word: string, value: Json): Json {
    for (let i = 0; i < word.length; i++) {
      if (this.peek() != <i32> word.charCodeAt(i)) return this.fail();
      this.position++;
    }
    return value;
  }

  private digits(): i32 {
    const from = this.position;
    while (this.peek() >= 0x30 && this.peek() <= 0x39) this.position++;
    return this.position - from;
  }

  private number(): Json {
    const from = this.position;
    if (this.peek() == 0x2d) this.position++;
    const zero = this.peek() == 0x30;
    const count = this.digits();
    if (count == 0 || (zero && count > 1)) return this.fail();
    let whole = true;
    if (this.peek() == 0x2e) {
      whole = false;
      this.position++;
      if (this.digits() == 0) return this.fail();
    }
    if ((this.peek() | 0x20) == 0x65) {
      whole = false;
      this.position++;
      if (this.peek() == 0x2b || this.peek() == 0x2d) this.position++;
      if (this.digits() == 0) return this.fail();
    }
    const text = this.text.substring(from, this.position);
    if (whole && text.length <= 15) return Json.number(<f64> I64.parseInt(text, 10));
    return Json.number(F64.parseFloat(text));
  }

  private hex4(): i32 {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const code = this.peek();
      let digit: i32;
      if (code >= 0x30 && code <= 0x39) digit = code - 0x30;
      else if ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66) digit = (code | 0x20) - 0x57;
      else {
        this.fail();
        return 0;
      }
      value = (value << 4) | digit;
      this.position++;
    }
    return value;
  }

  private string(): string {
    this.position++;
    let from = this.position;
    let parts: string[] | null = null;
    while (true) {
      const code = this.peek();
      if (code < 0x20) {
        this.fail();
        return "";
      }
      if (code == 0x22) break;
      if (code != 0x5c) {
        this.position++;
        continue;
      }
      if (parts === null) parts = [];
      parts.push(this.text.substring(from, this.position));
      this.position++;
      parts.push(this.escaped());
      if (this.failed) return "";
      from = this.position;
    }
    const tail = this.text.substring(from, this.position);
    this.position++;
    if (parts === null) return tail;
    parts.push(tail);
    return parts.join("");
  }

  private escaped(): string {
    const code = this.peek();
    this.position++;
    switch (code) {
      case 0x22:
        return '"';
      case 0x5c:
        return "\\";
      case 0x2f:
        return "/";
      case 0x6e:
        return "\n";
      case 0x72:
        return "\r";
      case 0x74:
        return "\t";
      case 0x62:
        return "\b";
      case 0x66:
        return "\f";
      case 0x75:
        return String.fromCharCode(this.hex4());
      default:
        this.fail();
        return "";
    }
  }

  private enter(): bool {
    this.position++;
    if (++this.depth <= jsonDepthMax) return true;
    this.fail();
    return false;
  }

  private list(): Json {
    const list = Json.list();
    if (!this.enter()) return list;
    this.space();
    if (this.peek() == 0x5d) this.position++;
    else {
      while (!this.failed) {
        list.push(this.value());
        if (this.more(0x5d)) continue;
        break;
      }
    }
    this.depth--;
    return list;
  }

  private object(): Json {
    const object = Json.object();
    if (!this.enter()) return object;
    this.space();
    if (this.peek() == 0x7d) this.position++;
    else {
      while (!this.failed) {
        this.space();
        if (this.peek() != 0x22) return this.fail();
        const key = this.string();
        this.space();
        if (this.peek() != 0x3a) return this.fail();
        this.position++;
        object.set(key, this.value());
        if (this.more(0x7d)) continue;
        break;
      }
    }
    this.depth--;
    return object;
  }

  /** After an item: true on a comma, false at the end or on a mistake. */
  private more(end: i32): bool {
    this.space();
    const code = this.peek();
    this.position++;
    if (code == 0x2c) return true;
    if (code != end) this.fail();
    return false;
  }
}
