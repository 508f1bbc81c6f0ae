/** The same numbers in an array of at least `size`; with more room than that where it has to be made anew. */
export function withRoom(array: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  if (size <= array.length) return array;
  const larger = new Uint32Array(Math.max(1024, Math.ceil(size * 1.5)));
  larger.set(array);
  return larger;
}
