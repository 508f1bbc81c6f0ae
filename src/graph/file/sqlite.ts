/**
 * One libSQL file, synchronously: statements built by kysely, prepared once, run in raw mode.
 *
 * Owns: the connection, the statement cache, which values may be bound, how the driver's errors become refusals.
 * Does not own: tables (schema.ts), what the statements mean.
 *
 * Invariants:
 * 1. Values are always bound as one array of number, string, bytes or null: the driver ends the process on a lone
 *    buffer and on a boolean.
 * 2. A transaction that throws is rolled back whole.
 */
import Libsql from "libsql";
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { assert, EngramError } from "../../kernel/errors.ts";
import type { Tables } from "./schema.ts";

/** A value that can be bound or read. */
export type Value = number | string | Uint8Array | null;
/** A row in the order of the selected columns. */
export type Row = readonly Value[];

/** The driver gives blobs as views that may share a larger buffer's prototype; readers get plain bytes. */
export function bytesOf(value: Value | undefined): Uint8Array | null {
  return value instanceof Uint8Array
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : null;
}

/** How long a statement waits for another connection's lock, in ms. */
export const busyWaitMsMax = 5000;

class Parameter {
  readonly position: number;
  constructor(position: number) {
    this.position = position;
  }
}

/** The `position`-th value given when the statement runs (from 0); may stand in several places. */
export function given<T extends Value = number>(position: number): T {
  // kysely only carries the marker to the list of parameters, where Statement finds it.
  return new Parameter(position) as unknown as T;
}

/** The query builder; it compiles and never runs anything. */
export const build = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Anything kysely compiles. */
export interface Compilable {
  compile(): CompiledQuery;
}

/** A statement of the program: compiled at first use, once a process. */
export class Query {
  readonly #make: () => Compilable;
  #sql: string | null = null;
  #constants: readonly (Value | Parameter)[] = [];
  #direct = false;

  constructor(make: () => Compilable) {
    this.#make = make;
  }

  get sql(): string {
    if (this.#sql !== null) return this.#sql;
    const compiled = this.#make().compile();
    this.#constants = compiled.parameters.map((parameter) => {
      if (parameter instanceof Parameter) return parameter;
      assert(isValue(parameter), `a statement holds a value that can't be bound: ${compiled.sql}`);
      return parameter;
    });
    this.#direct = this.#constants.every((c, at) => c instanceof Parameter && c.position === at);
    return this.#sql = compiled.sql;
  }

  /** The values to bind, in the order of the compiled statement. */
  bind(values: readonly Value[]): readonly Value[] {
    if (this.#direct) {
      if (values.length !== this.#constants.length) this.#fault(`${this.#constants.length} values`);
      for (const value of values) if (!isValue(value)) this.#fault("a value that can't be bound");
      return values;
    }
    return this.#constants.map((constant) => {
      const value = constant instanceof Parameter ? values[constant.position] : constant;
      return isValue(value) ? value : this.#fault("a value that can't be bound");
    });
  }

  #fault(what: string): never {
    throw new Error(`Fault: ${what}: ${this.#sql}`);
  }
}

function isValue(value: unknown): value is Value {
  return typeof value === "number" ? !Number.isNaN(value) : typeof value === "string" || value === null ||
    value instanceof Uint8Array;
}

function field(error: unknown, name: "code" | "message"): string {
  if (typeof error !== "object" || error === null || !(name in error)) return "";
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" ? value : "";
}

const rebuildHint =
  "If the disk is sound, remove graph.db, graph.db-wal and graph.db-shm and open again: they are rebuilt from the log";

/** Tells the driver's errors apart; what we did wrong stays a fault. */
export function refusalOf(error: unknown, path: string): unknown {
  if (error instanceof EngramError) return error;
  const code = field(error, "code"), message = field(error, "message");
  const says = `${code} ${message}`;
  const make = (refusal: ConstructorParameters<typeof EngramError>[0], what: string, hint?: string) =>
    new EngramError(refusal, `Cannot use the graph "${path}": ${what}`, { path }, hint);
  if (/SQLITE_FULL|disk is full/.test(says)) return make("disk_full", "the disk is full");
  if (/SQLITE_(CORRUPT|NOTADB)|malformed|not a database/.test(says)) return make("graph_corrupt", message);
  if (/SQLITE_READONLY|readonly database/.test(says)) return make("data_folder_read_only", message);
  if (/SQLITE_(BUSY|LOCKED)|database is locked/.test(says)) return make("data_folder_in_use", message);
  // Also what a graph.db says that was put beside a journal of another time.
  if (/SQLITE_(IOERR|CANTOPEN|PERM)|Unable to open/.test(says)) {
    return make("io_failed", message, rebuildHint);
  }
  return error;
}

interface Prepared {
  run(values: readonly Value[]): unknown;
  get(values: readonly Value[]): unknown;
  all(values: readonly Value[]): unknown[];
}

/** A connection to one file. Not to be shared between threads; every method is synchronous. */
export class Sqlite {
  readonly path: string;
  readonly #db: Libsql.Database;
  readonly #prepared = new Map<string, Prepared>();
  #open = true;
  #depth = 0;

  constructor(path: string) {
    this.path = path;
    try {
      this.#db = new Libsql(path);
    } catch (error) {
      throw refusalOf(error, path);
    }
  }

  /** Runs statements given as text: schema, pragmas, transactions. */
  exec(sql: string): void {
    this.#do(() => this.#db.exec(sql));
  }

  /** One value of a pragma or of a statement given as text. */
  value(sql: string, values: readonly Value[] = []): Value | undefined {
    return this.#do(() => rowOf(this.#statement(sql).get(values))?.[0]);
  }

  /** Rows of a statement given as text: for what kysely can't say (pragmas). */
  rows(sql: string, values: readonly Value[] = []): Row[] {
    return this.#do(() => this.#statement(sql).all(values).map((row) => rowOf(row) ?? []));
  }

  run(query: Query, values: readonly Value[] = []): void {
    const sql = query.sql, bound = query.bind(values);
    this.#do(() => this.#statement(sql).run(bound));
  }

  get(query: Query, values: readonly Value[] = []): Row | null {
    const sql = query.sql, bound = query.bind(values);
    return this.#do(() => rowOf(this.#statement(sql).get(bound)));
  }

  all(query: Query, values: readonly Value[] = []): Row[] {
    const sql = query.sql, bound = query.bind(values);
    return this.#do(() => this.#statement(sql).all(bound)) as Row[];
  }

  /** Runs `work` in one transaction; nested calls join the outer one. */
  transaction<T>(kind: "read" | "write", work: () => T): T {
    if (this.#depth > 0) return work();
    const begin = kind === "write" ? "begin immediate" : "begin";
    this.#do(() => this.#statement(begin).run([]));
    this.#depth = 1;
    try {
      const result = work();
      this.#do(() => this.#statement("commit").run([]));
      return result;
    } catch (error) {
      try {
        this.#statement("rollback").run([]);
      } catch (failed) {
        // The engine may have rolled back by itself (a full disk); then there is nothing to do.
        if (!/no transaction/.test(field(failed, "message"))) throw refusalOf(failed, this.path);
      }
      throw error;
    } finally {
      this.#depth = 0;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#prepared.clear();
    this.#db.close();
  }

  #statement(sql: string): Prepared {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      const made = this.#db.prepare(sql);
      statement = made.reader ? made.raw(true) : made;
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #do<T>(work: () => T): T {
    assert(this.#open, "the graph was used after close()");
    try {
      return work();
    } catch (error) {
      throw refusalOf(error, this.path);
    }
  }
}

function rowOf(row: unknown): Row | null {
  return Array.isArray(row) ? row as Row : null;
}

/** A number column that is never null. */
export function num(value: Value | undefined): number {
  assert(typeof value === "number", "a row holds a number here");
  return value;
}

/** A text column that is never null. */
export function text(value: Value | undefined): string {
  assert(typeof value === "string", "a row holds a text here");
  return value;
}

/** A number or null. */
export function numOrNull(value: Value | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** A text or null. */
export function textOrNull(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}
