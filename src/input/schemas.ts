/** The published JSON schemas, made from the zod schemas by which files are read. */
import { z } from "zod";
import { manifestSchema } from "./manifest.ts";
import { hostSettingsSchema } from "./settings.ts";
import { projectFileSchema } from "./toml.ts";
import { workflowSchema } from "./workflow.ts";

/** File name below docs → its text. `deno run -A scripts/schemas.ts` writes them; a test compares them. */
export function publishedSchemas(): Readonly<Record<string, string>> {
  return {
    "config.schema.json": text(hostSettingsSchema, "Settings of the host, config.toml"),
    "manifest.schema.json": text(manifestSchema, "Manifest of an agent, version 1"),
    "project.schema.json": text(projectFileSchema, "Project file .engramlt.toml"),
    "workflow.schema.json": text(workflowSchema, "Workflow"),
  };
}

function text(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}
