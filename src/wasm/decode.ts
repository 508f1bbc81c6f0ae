/**
 * Reads the sections of a module and holds them against the profile and its limits, before any engine sees them.
 *
 * Owns: structure, section order, declared sizes, names. Does not own: function bodies (instrument_body.ts) and the typing
 * rules, which the engine checks on the original bytes.
 *
 * Invariants: no recursion; work is linear in the bytes; every sum is checked as it grows; failures are EngramErrors.
 */
import { addressablePagesMax, type ProfileLimits, type ValType } from "./limits.ts";
import {
  type ExportKind,
  type Module,
  sectionId,
  sectionOrder,
  type SegmentMode,
  type Size,
} from "./module.ts";
import { Reader, refuse, within } from "./reader.ts";
import { heapType, refType, valType } from "./value_types.ts";

const exportKinds: readonly ExportKind[] = ["func", "table", "memory", "global", "tag"];
const importKinds: readonly string[] = ["function", "table", "memory", "global", "tag"];

/** Decodes a module. Throws module_invalid, module_refused, module_too_large or module_import_unknown. */
export function decode(bytes: Uint8Array, limits: ProfileLimits): Module {
  within(bytes.length, limits.moduleBytesMax, "moduleBytesMax", "the file in bytes", 0);
  const reader = new Reader(bytes);
  header(reader);
  const module: Module = {
    bytes,
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memory: null,
    tags: [],
    globals: [],
    exports: [],
    start: null,
    elements: [],
    elementCount: 0,
    dataCount: null,
    bodies: [],
    datas: [],
    references: [],
    customs: [],
    sections: new Map(),
  };
  let rank = -1;
  let customBytes = 0;
  while (!reader.done) {
    const at = reader.at;
    const id = reader.byte("a section");
    const size = reader.u32("the size of a section");
    const contents = reader.at;
    reader.skip(size, `section ${id}`);
    const section = new Reader(bytes, contents, reader.at);
    if (id === sectionId.custom) {
      customBytes += size;
      within(customBytes, limits.customBytesMax, "customBytesMax", "all custom sections in bytes", at);
      const name = section.name("the name of a custom section", limits.nameBytesMax);
      module.customs.push({ name, at: section.at, end: section.end });
      continue;
    }
    const place = sectionOrder.indexOf(id);
    if (place < 0) throw refuse("module_invalid", `section ${id} is unknown`, at);
    if (place <= rank) throw refuse("module_invalid", `section ${id} is out of order`, at);
    rank = place;
    readSection(id, section, module, limits);
    if (!section.done) {
      throw refuse("module_invalid", `section ${id} is longer than its contents`, section.at);
    }
  }
  checkWhole(module);
  return module;
}

function header(reader: Reader): void {
  const magic = [0x00, 0x61, 0x73, 0x6d];
  for (const byte of magic) {
    if (reader.byte("the file") !== byte) {
      throw refuse("module_invalid", "it does not begin like a WebAssembly module", 0);
    }
  }
  const version = [0, 1, 2, 3].map(() => reader.byte("the version"));
  if (version[2] === 1 && version[3] === 0) {
    throw refuse("module_refused", "it is a component, not a core module", 4);
  }
  if (version.join() !== "1,0,0,0") throw refuse("module_invalid", "its version is not 1", 4);
}

function readSection(id: number, reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  const count = id === sectionId.start ? 1 : reader.u32(`the count of section ${id}`);
  module.sections.set(id, { at, end: reader.end, entries: reader.at, count });
  const most = (max: number, limit: string, what: string) => within(count, max, limit, what, at);
  const each = (read: (reader: Reader, module: Module, limits: ProfileLimits) => void) => {
    for (let i = 0; i < count; i++) read(reader, module, limits);
  };
  switch (id) {
    case sectionId.type:
      most(limits.typesMax, "typesMax", "the count of types");
      return each(readType);
    case sectionId.import:
      most(limits.importsMax, "importsMax", "the count of imports");
      return each(readImport);
    case sectionId.function:
      most(limits.functionsMax, "functionsMax", "the count of functions");
      return each((reader, module) => void module.functions.push(typeIndex(reader, module)));
    case sectionId.table:
      most(limits.tablesMax, "tablesMax", "the count of tables");
      return each(readTable);
    case sectionId.memory:
      if (count > 1) throw refuse("module_refused", "it has several memories, which the profile lacks", at);
      return each(readMemory);
    case sectionId.tag:
      most(limits.tagsMax, "tagsMax", "the count of tags");
      return each(readTag);
    case sectionId.global:
      most(limits.globalsMax, "globalsMax", "the count of globals");
      return each(readGlobal);
    case sectionId.export:
      most(limits.exportsMax, "exportsMax", "the count of exports");
      return each(readExport);
    case sectionId.start:
      module.start = functionIndex(reader, module, "the start function");
      return;
    case sectionId.element:
      most(limits.segmentsMax, "segmentsMax", "the count of element segments");
      return each(readElement);
    case sectionId.dataCount:
      module.dataCount = count;
      return;
    case sectionId.code:
      return each(readBody);
    case sectionId.data:
      most(limits.segmentsMax - module.elements.length, "segmentsMax", "the count of segments");
      return readDatas(reader, module, limits, count);
  }
}

function readType(reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  const form = reader.byte("a type");
  if (form >= 0x4e && form <= 0x5f) {
    throw refuse("module_refused", "a type uses garbage collection forms, which the profile lacks", at);
  }
  if (form !== 0x60) throw refuse("module_invalid", `a type has unknown form 0x${form.toString(16)}`, at);
  const values = (what: string, max: number, limit: string): ValType[] => {
    const at = reader.at;
    const count = reader.u32(`the count of ${what}`);
    within(count, max, limit, `the count of ${what}`, at);
    return Array.from({ length: count }, () => valType(reader, what));
  };
  const params = values("parameters", limits.parametersMax, "parametersMax");
  const results = values("results", limits.resultsMax, "resultsMax");
  module.types.push({ params, results });
}

function typeIndex(reader: Reader, module: Module): number {
  const at = reader.at;
  const index = reader.u32("a type index");
  if (index >= module.types.length) throw refuse("module_invalid", `type ${index} does not exist`, at);
  return index;
}

function functionIndex(reader: Reader, module: Module, what: string): number {
  const at = reader.at;
  const index = reader.u32(what);
  if (index >= module.functions.length) {
    throw refuse("module_invalid", `${what}: function ${index} does not exist`, at);
  }
  return index;
}

function readImport(reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  const from = reader.name("the module of an import", limits.nameBytesMax);
  const name = reader.name("the name of an import", limits.nameBytesMax);
  const kind = reader.byte("the kind of an import");
  if (kind !== 0) {
    throw refuse(
      "module_import_unknown",
      `import "${from}.${name}" is a ${
        importKinds[kind] ?? `thing of kind ${kind}`
      }; only functions are offered`,
      at,
    );
  }
  const type = typeIndex(reader, module);
  module.imports.push({ module: from, name, type, at });
  module.functions.push(type);
}

function readSize(reader: Reader, what: string): Size {
  const at = reader.at;
  const flags = reader.byte(`the limits of ${what}`);
  if (flags === 2 || flags === 3) {
    throw refuse("module_refused", `${what} is shared (threads), which the profile lacks`, at);
  }
  if (flags >= 4 && flags <= 7) {
    throw refuse("module_refused", `${what} has 64-bit addresses (memory64), which the profile lacks`, at);
  }
  if (flags > 1) throw refuse("module_refused", `${what} has limits of unknown form ${flags}`, at);
  const min = reader.u32(`the minimum of ${what}`);
  const max = flags === 1 ? reader.u32(`the maximum of ${what}`) : null;
  if (max !== null && max < min) {
    throw refuse("module_invalid", `${what} has a maximum below its minimum`, at);
  }
  return { min, max, at };
}

function readTable(reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  if (reader.bytes[at] === 0x40) {
    throw refuse(
      "module_refused",
      "a table has an initial value (typed function references), which the profile lacks",
      at,
    );
  }
  const elem = refType(reader, "a table");
  const size = readSize(reader, "a table");
  module.tables.push({ elem, ...size });
  const elements = module.tables.reduce((sum, table) => sum + table.min, 0);
  within(elements, limits.tableElementsMax, "tableElementsMax", "the elements of all tables", at);
}

function readMemory(reader: Reader, module: Module, limits: ProfileLimits): void {
  const size = readSize(reader, "the memory");
  const max = Math.min(limits.linearMemoryPagesMax, addressablePagesMax);
  within(size.min, max, "linearMemoryPagesMax", "the minimum of the memory in pages", size.at);
  if (size.max !== null && size.max > 65536) {
    throw refuse("module_invalid", "the memory's maximum is over 65536 pages", size.at);
  }
  module.memory = size;
}

function readTag(reader: Reader, module: Module): void {
  const at = reader.at;
  if (reader.byte("a tag") !== 0) throw refuse("module_invalid", "a tag has an unknown attribute", at);
  module.tags.push(typeIndex(reader, module));
}

function readGlobal(reader: Reader, module: Module): void {
  const at = reader.at;
  const type = valType(reader, "a global");
  if (type === "exnref") {
    throw refuse("module_refused", "a global holds exnref, which cannot be kept in an image", at);
  }
  const mutability = reader.byte("the mutability of a global");
  if (mutability === 2 || mutability === 3) {
    throw refuse("module_refused", "a global is shared (threads), which the profile lacks", at);
  }
  if (mutability > 1) throw refuse("module_invalid", "a global has an unknown mutability", at);
  const i32 = constantExpression(reader, module, "the value of a global");
  module.globals.push({ type, mutable: mutability === 1, i32 });
}

/** Steps over a constant expression; returns the value of one that is a single i32.const. */
function constantExpression(reader: Reader, module: Module, what: string): number | null {
  let value: number | null = null;
  for (let instructions = 0;; instructions++) {
    const at = reader.at;
    const opcode = reader.byte(what);
    if (opcode === 0x0b) return instructions === 1 ? value : null;
    switch (opcode) {
      case 0x41:
        value = reader.s32(what);
        break;
      case 0x42:
        reader.skipSigned(64, what);
        break;
      case 0x43:
        reader.skip(4, what);
        break;
      case 0x44:
        reader.skip(8, what);
        break;
      case 0x23:
        reader.u32(what);
        break;
      case 0xd0:
        heapType(reader, what);
        break;
      case 0xd2:
        functionReference(reader, module, what);
        break;
      case 0x6a:
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        break;
      case 0xfd:
        if (reader.u32(what) !== 12) {
          throw refuse("module_invalid", `${what} holds an instruction that is not constant`, at);
        }
        reader.skip(16, what);
        break;
      case 0xfb:
        throw refuse("module_refused", `${what} uses garbage collection, which the profile lacks`, at);
      default:
        throw refuse("module_invalid", `${what} holds instruction 0x${opcode.toString(16)}`, at);
    }
  }
}

function functionReference(reader: Reader, module: Module, what: string): void {
  const at = reader.at;
  const index = functionIndex(reader, module, what);
  module.references.push({ at, end: reader.at, index });
}

function readExport(reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  const name = reader.name("the name of an export", limits.nameBytesMax);
  if (name.startsWith("engramlt:")) {
    throw refuse("module_refused", `export "${name}" uses the host's reserved prefix "engramlt:"`, at);
  }
  const code = reader.byte("the kind of an export");
  const kind = exportKinds[code];
  if (kind === undefined) {
    throw refuse("module_invalid", `export "${name}" has unknown kind ${code}`, at);
  }
  const index = reader.u32("the index of an export");
  const count = {
    func: module.functions.length,
    table: module.tables.length,
    memory: module.memory === null ? 0 : 1,
    global: module.globals.length,
    tag: module.tags.length,
  }[kind];
  if (index >= count) {
    throw refuse("module_invalid", `export "${name}": ${kind} ${index} does not exist`, at);
  }
  module.exports.push({ name, kind, index, at });
}

function readElement(reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  const flags = reader.u32("an element segment");
  if (flags > 7) throw refuse("module_invalid", `an element segment has unknown form ${flags}`, at);
  const mode: SegmentMode = (flags & 1) === 0 ? "active" : (flags & 2) === 0 ? "passive" : "declarative";
  if (mode === "active") {
    const table = (flags & 2) === 0 ? 0 : reader.u32("the table of an element segment");
    if (table >= module.tables.length) throw refuse("module_invalid", `table ${table} does not exist`, at);
    constantExpression(reader, module, "the offset of an element segment");
  }
  if ((flags & 3) !== 0) {
    if ((flags & 4) !== 0) refType(reader, "an element segment");
    else if (reader.byte("an element segment") !== 0) {
      throw refuse("module_invalid", "an element segment has an unknown kind", at);
    }
  }
  const count = reader.u32("the count of an element segment");
  const sum = module.elementCount += count;
  within(sum, limits.segmentElementsMax, "segmentElementsMax", "the entries of all element segments", at);
  for (let i = 0; i < count; i++) {
    if ((flags & 4) === 0) functionReference(reader, module, "an element");
    else constantExpression(reader, module, "an element");
  }
  module.elements.push(mode);
}

function readBody(reader: Reader, module: Module, limits: ProfileLimits): void {
  const at = reader.at;
  const size = reader.u32("the size of a function body");
  within(size, limits.bodyBytesMax, "bodyBytesMax", "a function body in bytes", at);
  const start = reader.at;
  reader.skip(size, "a function body");
  module.bodies.push({ at: start, end: reader.at });
}

function readDatas(reader: Reader, module: Module, limits: ProfileLimits, count: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    const flags = reader.u32("a data segment");
    if (flags > 2) throw refuse("module_invalid", `a data segment has unknown form ${flags}`, at);
    if (flags === 2 && reader.u32("the memory of a data segment") !== 0) {
      throw refuse("module_refused", "a data segment names a second memory, which the profile lacks", at);
    }
    if (flags !== 1) {
      if (module.memory === null) throw refuse("module_invalid", "a data segment has no memory", at);
      constantExpression(reader, module, "the offset of a data segment");
    }
    const size = reader.u32("the size of a data segment");
    within(size, limits.segmentBytesMax, "segmentBytesMax", "a data segment in bytes", at);
    sum += size;
    within(sum, limits.dataBytesMax, "dataBytesMax", "all data segments in bytes", at);
    reader.skip(size, "a data segment");
    module.datas.push(flags === 1 ? "passive" : "active");
  }
}

function checkWhole(module: Module): void {
  const defined = module.functions.length - module.imports.length;
  if (module.bodies.length !== defined) {
    throw refuse(
      "module_invalid",
      `it declares ${defined} functions but has ${module.bodies.length} bodies`,
      module.bytes.length,
    );
  }
  if (module.dataCount !== null && module.dataCount !== module.datas.length) {
    throw refuse(
      "module_invalid",
      `it announces ${module.dataCount} data segments but has ${module.datas.length}`,
      module.bytes.length,
    );
  }
}
