/**
 * Text modules for tests: `wat` assembles the WebAssembly text format with every feature of the profile on.
 *
 * Source: the assembler of the WebAssembly Binary Toolkit (npm wabt); a dependency of tests only.
 */
import wabt from "wabt";

const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  extended_const: true,
  memory64: true,
  multi_memory: true,
  relaxed_simd: true,
  function_references: true,
};

const assembler = await wabt();

/** Assembles one text module. Throws what the assembler says on a mistake in `text`. */
export function wat(text: string): Uint8Array<ArrayBuffer> {
  const parsed = assembler.parseWat("test.wat", text, features);
  try {
    return new Uint8Array(parsed.toBinary({ write_debug_names: true }).buffer);
  } finally {
    parsed.destroy();
  }
}
