/**
 * Schemas of tools: zod checks, and what a client is shown is the short form of the same schema.
 *
 * Invariant: what is shown never allows less than what is checked; it leaves out what a model has no use for
 * (the dialect, ranges, what an object may not have), so that the list of tools stays small.
 */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server";
import { z } from "zod";

/** A zod schema that shows itself to clients in short. Made once, when the module is loaded. */
export function shown<T extends z.ZodType>(type: T): StandardSchemaWithJSON<z.input<T>, z.output<T>> {
  const json = (io: "input" | "output") => {
    const short = shortened(z.toJSONSchema(type, { io, unrepresentable: "any" }));
    return typeof short === "object" && short !== null && !Array.isArray(short)
      ? { ...short as Record<string, unknown> }
      : {};
  };
  const input = json("input"), output = json("output");
  return {
    "~standard": {
      version: 1,
      vendor: "engramlt",
      validate: (value) => type["~standard"].validate(value),
      jsonSchema: { input: () => input, output: () => output },
    },
  };
}

const dropped = new Set(["$schema", "additionalProperties", "minLength", "minimum", "maximum"]);

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, item]) =>
    !dropped.has(key) && !(key === "properties" && Object.keys(item).length === 0)
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, shortened(item)]));
}
