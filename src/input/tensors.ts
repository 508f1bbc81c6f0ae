/** Tensors as people write them: nested lists of numbers. */
import { EngramError } from "../kernel/errors.ts";

/** Lists in lists that a tensor may be written as. */
const listsMax = 16;

/** Nested lists of numbers, with the shape they have. Refuses (`invalid_argument`) what has none. */
export function tensorOf(
  name: string,
  value: unknown,
): { readonly dims: readonly number[]; readonly data: readonly number[] } {
  const wrong = (state: string) =>
    new EngramError(
      "invalid_argument",
      `Cannot run the model on the input ${JSON.stringify(name)}: ${state}`,
    );
  const dims: number[] = [];
  for (let at = value; Array.isArray(at); at = at[0]) {
    dims.push(at.length);
    if (dims.length > listsMax) throw wrong(`it nests deeper than ${listsMax} lists`);
  }
  const data: number[] = [];
  const walk = (one: unknown, depth: number): void => {
    if (Array.isArray(one) && depth < dims.length && one.length === dims[depth]) {
      for (const item of one) walk(item, depth + 1);
    } else if (depth === dims.length && typeof one === "number") data.push(one);
    else if (depth === dims.length && typeof one === "boolean") data.push(one ? 1 : 0);
    else throw wrong("it is no list of numbers with one shape");
  };
  walk(value, 0);
  return { dims, data };
}
