/**
 * The environment: everything the runtime cannot compute — time, entropy, a new folder's name. The one place.
 *
 * Invariants:
 * 1. What comes from here enters the log once and is read from it ever after; replay never asks it.
 * 2. A seeded environment gives the same values in the same order on every machine.
 */
import { put } from "../kernel/blocks.ts";
import { sha256, toHex } from "../log/mod.ts";

/** Where inputs come from. */
export interface Env {
  /** ms since 1970, when tick `tick` begins. */
  now(tick: number): number;
  /** ms since 1970, between ticks: for marks of this machine's own, which no log holds. */
  clock(): number;
  /** ms of a clock that only goes forward, for durations told to people; under a seed nothing takes time. */
  stopwatch(): number;
  /**
   * Gives 16 bytes a call, each for a payload of tick `tick`: they keep its digest from telling its content. Each is good
   * until the next call.
   */
  salts(tick: number): () => Uint8Array;
  /** The name of a new data folder, 32 hex digits. */
  folder(): string;
}

/** The machine's clock and entropy. Salts are cut from a block, so that one costs no system call. */
export function liveEnv(): Env {
  let block = new Uint8Array(0);
  let at = 0;
  const given = new Uint8Array(16);
  const salt = (): Uint8Array => {
    if (at >= block.length) {
      block = crypto.getRandomValues(new Uint8Array(16_384));
      at = 0;
    }
    put(given, 0, block, at, 16);
    at += 16;
    return given;
  };
  return {
    now: () => Date.now(),
    clock: () => Date.now(),
    stopwatch: () => performance.now(),
    salts: () => salt,
    folder: () => toHex(salt()),
  };
}

/** 2026-01-01T00:00:00Z, where a seeded clock begins. */
const seededStart = 1_767_225_600_000;

/**
 * Seeded salts and a virtual clock (one second a tick), for tests, simulation and the canonical bench. They depend on
 * the tick alone, so that commands given to one process or to several make the same log.
 */
export function seededEnv(seed: number): Env {
  const encoder = new TextEncoder();
  const take = (what: string) => sha256(encoder.encode(`${seed}:${what}`)).slice(0, 16);
  let current = -1;
  return {
    now: (tick) => {
      current = tick;
      return seededStart + 1000 * tick;
    },
    clock: () => seededStart + 1000 * Math.max(0, current),
    stopwatch: () => 0,
    salts: (tick) => {
      let count = 0;
      return () => take(`salt:${tick}:${count++}`);
    },
    folder: () => toHex(take("folder")),
  };
}
