/**
 * How bytes travel between an agent and the host: texts in, buffers out, id strings, result blocks.
 *
 * Invariants:
 * 1. Blocks the host sees come from the plain heap, never from the collector: nothing moves or frees them
 *    but `release`.
 * 2. The out buffer only grows; a buffer too small (-5) is asked again once with the room that is needed.
 */

/** Status numbers of the host. */
export namespace Status {
  export const done: i32 = 0;
  export const notFound: i32 = -1;
  export const invalidArgument: i32 = -2;
  export const denied: i32 = -3;
  export const conflict: i32 = -4;
  export const bufferTooSmall: i32 = -5;
  export const limitReached: i32 = -6;
  export const wrongState: i32 = -7;
  export const notAvailable: i32 = -8;
}

let status: i32 = 0;

/** The status of the last host call: 0 done, negative as in {@link Status}. */
export function lastStatus(): i32 {
  return status;
}

/** Remembers a status and gives it back. */
export function noteStatus(value: i32): i32 {
  status = value < 0 ? value : 0;
  return value;
}

/** A block of `size` bytes on the plain heap. */
export function allocate(size: i32): usize {
  return heap.alloc(<usize> size);
}

/** Gives a block of {@link allocate} back. */
export function free(ptr: usize): void {
  heap.free(ptr);
}

/** A text as UTF-8, alive while the reference is; unpaired surrogates become U+FFFD. */
export function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

/** A text as UTF-8, or null: absent. */
export function utf8OrAbsent(text: string | null): ArrayBuffer | null {
  return text === null ? null : utf8(text);
}

/** The pointer of a text for the host; 0 where absent. */
export function pointer(bytes: ArrayBuffer | null): usize {
  return changetype<usize>(bytes);
}

/** The length of a text for the host in bytes; 0 where absent. */
export function length(bytes: ArrayBuffer | null): i32 {
  return bytes === null ? 0 : bytes.byteLength;
}

/** `len` bytes of UTF-8 at `ptr`. */
export function textAt(ptr: usize, len: i32): string {
  return len == 0 ? "" : String.UTF8.decodeUnsafe(ptr, <usize> len, false);
}

/** Takes an id string the host returned and frees it; a negative status gives "" and is remembered. */
export function takeId(result: i32): string {
  if (noteStatus(result) < 0) return "";
  const ptr = <usize> result;
  const id = textAt(ptr + 4, load<i32>(ptr));
  free(ptr);
  return id;
}

/** A result for the host: a u32 length and the bytes, which the host frees; 0 for an empty text. */
export function result(text: string): i32 {
  const size = String.UTF8.byteLength(text);
  if (size == 0) return 0;
  const bytes = utf8(text);
  const ptr = allocate(4 + bytes.byteLength);
  store<i32>(ptr, bytes.byteLength);
  memory.copy(ptr + 4, changetype<usize>(bytes), <usize> bytes.byteLength);
  return <i32> ptr;
}

const lengthCell: usize = memory.data(4);
let room: i32 = 0;
let out: usize = 0;

/** The out buffer's pointer; its room stands at {@link outLength} afterwards. */
export function outPointer(): usize {
  if (room == 0) growOut(16384);
  store<i32>(lengthCell, room);
  return out;
}

/** The cell that holds the room before a call and the length needed after it. */
export function outLength(): usize {
  return lengthCell;
}

/** True when the call must be made again with more room (the buffer has grown). */
export function outTooSmall(status: i32): bool {
  if (status != Status.bufferTooSmall) return false;
  const needed = load<i32>(lengthCell);
  if (needed <= room) return false;
  growOut(needed);
  return true;
}

/** What the host wrote, or null (and the status remembered) where the call failed. */
export function takeOut(status: i32): string | null {
  return noteStatus(status) < 0 ? null : textAt(out, load<i32>(lengthCell));
}

function growOut(needed: i32): void {
  if (out != 0) free(out);
  room = (needed + (needed >> 2) + 4095) & ~4095;
  out = allocate(room);
}
