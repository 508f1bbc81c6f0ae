/** What a tool is: its name, its schemas, and what a call of it does. */
import type {
  CallToolResult,
  InputRequiredResult,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { JsonObject } from "../../kernel/mod.ts";
import type { McpCall } from "./caller.ts";
import { mcpLimits } from "./limits.ts";
import { shown } from "./schema.ts";

/** What a call gives. */
export type ToolResult = CallToolResult | InputRequiredResult;

/** A tool, ready to be registered with a server. */
export interface Tool {
  readonly name: string;
  readonly config: {
    readonly description: string;
    readonly inputSchema: StandardSchemaWithJSON;
    readonly outputSchema: StandardSchemaWithJSON;
    readonly annotations: ToolAnnotations;
  };
  /** Whether it needs a caller that may write. */
  readonly writes: boolean;
  /** `args` are what `inputSchema` let through. */
  readonly call: (args: unknown, call: McpCall) => Promise<ToolResult>;
}

interface ToolParts<Args extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly args: Args;
  readonly result: z.ZodObject;
  readonly does: keyof typeof annotations;
  readonly call: (args: z.output<Args>, call: McpCall) => Promise<ToolResult>;
}

const annotations = {
  "reads": { readOnlyHint: true },
  "adds": { destructiveHint: false, openWorldHint: false },
  "takes away": { destructiveHint: true, openWorldHint: false },
  "anything": { destructiveHint: true },
} as const satisfies Record<string, ToolAnnotations>;

/** Makes a tool. Its schemas are converted here, once, not for every connection. */
export function tool<Args extends z.ZodObject>(parts: ToolParts<Args>): Tool {
  const { name, description, args, result, does, call } = parts;
  return {
    name,
    writes: does !== "reads",
    config: {
      description,
      inputSchema: shown(args),
      outputSchema: shown(result),
      annotations: annotations[does],
    },
    call: (given, one) => call(args.parse(given), one),
  };
}

/** An object of the caller's own. What arrives was JSON. */
export const object: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
).meta({ type: "object" });
/** A list of a result, of things with fields of their own. */
export const things: z.ZodType = z.array(z.unknown()).meta({ items: undefined });
/** Arguments that several tools take. */
export const text: z.ZodString = z.string().min(1);
/** A project by id or name. */
export const context: z.ZodOptional<z.ZodString> = text.optional();
/** Tokens of the reply at most. */
export const budget: z.ZodOptional<z.ZodInt> = z.int().min(100).max(mcpLimits.replyTokensMax).optional();
/** Where to go on. */
export const cursor: z.ZodOptional<z.ZodString> = z.string().optional();

/** Fields without those that were not given. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
