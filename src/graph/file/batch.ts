/**
 * Rows that are written together: one statement for many of them costs a third less than one for each.
 *
 * Invariant: what a batch holds is not in the file before `flush`; who reads the table flushes first.
 */
import { type Compilable, Query, type Sqlite, type Value } from "./sqlite.ts";

/** How many rows one statement takes, the most first. Each number is a statement of its own, compiled once. */
const sizes = [32, 8, 1] as const;

/** A statement for each number of rows. */
export type BatchQueries = readonly { readonly rows: number; readonly query: Query }[];

/** The statements of a batch, by how one of so many rows is made. */
export function batchQueries(make: (rows: number) => Compilable): BatchQueries {
  return sizes.map((rows) => ({ rows, query: new Query(() => make(rows)) }));
}

/** Rows waiting to be written, each `width` values. */
export class Batch {
  readonly #db: Sqlite;
  readonly #queries: BatchQueries;
  readonly #width: number;
  #values: Value[] = [];

  constructor(db: Sqlite, queries: BatchQueries, width: number) {
    this.#db = db;
    this.#queries = queries;
    this.#width = width;
  }

  /** Adds the values of a row. */
  add(row: readonly Value[]): void {
    for (const value of row) this.#values.push(value);
  }

  /** Changes a value of a row that was added since the last flush, counted from 0. */
  set(row: number, column: number, value: Value): void {
    this.#values[row * this.#width + column] = value;
  }

  /** Writes all rows in the order they were added; `before` are values that stand before them in each statement. */
  flush(before: readonly Value[] = []): void {
    const values = this.#values;
    this.#values = [];
    let at = 0;
    for (const { rows, query } of this.#queries) {
      const length = rows * this.#width;
      for (; values.length - at >= length; at += length) {
        this.#db.run(query, [...before, ...values.slice(at, at + length)]);
      }
    }
  }
}
