/**
 * Writes the instrumented module: the guest's sections, with what was appended to each, in the order the format demands.
 *
 * Left out: the start section (the host calls the function itself, metered) and custom sections other than `name`.
 */
import { Additions, type Grant } from "./additions.ts";
import type { ValType } from "./limits.ts";
import { type Module, sectionId, sectionOrder, type Span } from "./module.ts";
import { typeCodes } from "./value_types.ts";
import { Writer } from "./writer.ts";

const exportCodes = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** Encodes the module. `bodies` are the rewritten ones, in order. */
export function encode(
  module: Module,
  additions: Additions,
  grant: Grant,
  bodies: readonly Writer[],
): Uint8Array<ArrayBuffer> {
  const out = new Writer(module.bytes.length * 2 + 1024);
  out.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  for (const id of sectionOrder) {
    const contents = section(id, module, additions, grant, bodies);
    if (contents !== null) out.byte(id).sized(contents);
  }
  for (const custom of module.customs) {
    if (custom.name !== "name") continue;
    const contents = new Writer().name(custom.name).slice(module.bytes, custom.at, custom.end);
    out.byte(sectionId.custom).sized(contents);
  }
  return out.take();
}

function section(
  id: number,
  module: Module,
  additions: Additions,
  grant: Grant,
  bodies: readonly Writer[],
): Writer | null {
  const span = module.sections.get(id);
  switch (id) {
    case sectionId.type:
      return appended(module, span, additions.types.length, (out) => {
        const values = (types: readonly ValType[]) => {
          out.u32(types.length);
          for (const type of types) out.byte(typeCodes[type]);
        };
        for (const type of additions.types) {
          out.byte(0x60);
          values(type.params);
          values(type.results);
        }
      });
    case sectionId.function:
      return appended(module, span, additions.functions.length, (out) => {
        for (const added of additions.functions) out.u32(added.type);
      });
    case sectionId.global:
      return appended(module, span, additions.globals.length, (out) => {
        for (const added of additions.globals) out.raw(Additions.global(added.type));
      }, additions);
    case sectionId.element:
      return span === undefined ? null : appended(module, span, 0, () => {}, additions);
    case sectionId.table:
      return span === undefined ? null : tables(module, grant);
    case sectionId.memory:
      return module.memory === null
        ? null
        : new Writer().u32(1).byte(1).u32(module.memory.min).u32(grant.memoryPages);
    case sectionId.export:
      return exports(module, additions);
    case sectionId.code:
      return code(additions, bodies);
    case sectionId.start:
      return null;
    default:
      return span === undefined ? null : new Writer().slice(module.bytes, span.at, span.end);
  }
}

/** A section's own entries and `count` more; with `additions`, function indices inside name thunks. */
function appended(
  module: Module,
  span: Span | undefined,
  count: number,
  append: (out: Writer) => void,
  additions?: Additions,
): Writer | null {
  const total = (span?.count ?? 0) + count;
  if (total === 0 && span === undefined) return null;
  const out = new Writer().u32(total);
  if (span !== undefined) {
    let from = span.entries;
    if (additions !== undefined) {
      for (const { at, end, index } of module.references) {
        if (at < span.entries || at >= span.end) continue;
        out.slice(module.bytes, from, at).u32(additions.function(index));
        from = end;
      }
    }
    out.slice(module.bytes, from, span.end);
  }
  append(out);
  return out;
}

function tables(module: Module, grant: Grant): Writer {
  const out = new Writer().u32(module.tables.length);
  module.tables.forEach((table, index) => {
    out.byte(typeCodes[table.elem]).byte(1).u32(table.min).u32(grant.tableElements[index]!);
  });
  return out;
}

function exports(module: Module, additions: Additions): Writer {
  const out = new Writer().u32(module.exports.length + additions.exports.length);
  for (const { name, kind, index } of module.exports) {
    out.name(name).byte(exportCodes[kind]).u32(kind === "func" ? additions.exported(index) : index);
  }
  for (const { name, kind, index } of additions.exports) out.name(name).byte(exportCodes[kind]).u32(index);
  return out;
}

function code(additions: Additions, bodies: readonly Writer[]): Writer {
  const out = new Writer().u32(bodies.length + additions.functions.length);
  for (const body of bodies) out.sized(body);
  for (const added of additions.functions) {
    out.sized(new Writer().raw(Additions.locals(added.locals)).raw(added.code).byte(0x0b));
  }
  return out;
}
