/**
 * `deno task mcp-fixture --port P`: a server for the official MCP conformance suite, made of the parts that serve
 * /mcp (src/api/mcp/http.ts: both eras, sessions, stored events), with the tools, resources and prompts that the
 * suite calls. It holds nothing, so it asks for no token; foreign Host and Origin headers are refused.
 */
import {
  createRequestStateCodec,
  fromJsonSchema,
  hostHeaderValidationResponse,
  inputRequired,
  inputResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
  ResourceTemplate,
  type ServerContext,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { type McpHttp, mcpHttp } from "../src/api/mcp/mod.ts";

/** A red pixel. */
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/** No sound. */
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";

const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });
const image = { type: "image" as const, data: png, mimeType: "image/png" };
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

const nameSchema = z.object({ name: z.string() });
const colorSchema = z.object({ color: z.string() });
const okSchema = z.object({ ok: z.boolean() });
const askName = (message = "What is your name?") =>
  inputRequired.elicit({ message, requestedSchema: nameSchema });
const askOk = () => inputRequired.elicit({ message: "Please confirm", requestedSchema: okSchema });
const sample = (words: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: words } }],
    maxTokens,
  });

const states = createRequestStateCodec<{ readonly round: number }>({
  key: crypto.getRandomValues(new Uint8Array(32)),
});

/** The answer a retried request carries for a key. */
const answerTo = (context: ServerContext, key: string) => inputResponse(context.mcpReq.inputResponses, key);

function field(context: ServerContext, key: string, name: string): string | null {
  const answer = answerTo(context, key);
  const value = answer.kind === "elicit" && answer.action === "accept" ? answer.content?.[name] : undefined;
  return typeof value === "string" ? value : null;
}

function addContentTools(server: McpServer): void {
  const tool = (name: string, call: (context: ServerContext) => ReturnType<typeof content>) =>
    server.registerTool(name, { description: `For the conformance suite: ${name}` }, call);
  const content = (parts: readonly Parameters<typeof asContent>[0][]) => ({ content: parts.map(asContent) });
  const asContent = (
    part: typeof image | { type: "audio"; data: string; mimeType: string } | {
      type: "text";
      text: string;
    } | { type: "resource"; resource: { uri: string; mimeType: string; text: string } },
  ) => part;
  tool(
    "test_simple_text",
    () => content([{ type: "text", text: "This is a simple text response for testing." }]),
  );
  tool("test_image_content", () => content([image]));
  tool("test_audio_content", () => content([{ type: "audio", data: wav, mimeType: "audio/wav" }]));
  tool("test_embedded_resource", () =>
    content([{
      type: "resource",
      resource: {
        uri: "test://embedded-resource",
        mimeType: "text/plain",
        text: "This is an embedded resource content.",
      },
    }]));
  tool("test_multiple_content_types", () =>
    content([
      { type: "text", text: "Multiple content types test:" },
      image,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: '{"test":"data","value":123}',
        },
      },
    ]));
  tool("test_error_handling", () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
}

function addProgressTool(server: McpServer): void {
  const description = "For the conformance suite: progress";
  server.registerTool("test_tool_with_progress", { description }, async (context: ServerContext) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await pause();
      if (progressToken === undefined) continue;
      const params = { progressToken, progress, total: 100 };
      await context.mcpReq.notify({ method: "notifications/progress", params });
    }
    return text("Done.");
  });
}

const schema2020 = fromJsonSchema({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
});

/** What clients with a session (2025) are asked: by requests of the server's own. */
function addSessionTools(server: McpServer): void {
  server.registerTool(
    "test_tool_with_logging",
    { description: "For the conformance suite: logging" },
    async (context: ServerContext) => {
      await context.mcpReq.log("info", "Tool execution started");
      await pause();
      await context.mcpReq.log("info", "Tool processing data");
      await pause();
      await context.mcpReq.log("info", "Tool execution completed");
      return text("Done.");
    },
  );
  server.registerTool(
    "test_sampling",
    { description: "For the conformance suite: sampling", inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, context) => {
      const { content } = await context.mcpReq.requestSampling({
        messages: [{ role: "user", content: { type: "text", text: prompt } }],
        maxTokens: 100,
      });
      return text(`LLM response: ${"text" in content ? content.text : JSON.stringify(content)}`);
    },
  );
  server.registerTool(
    "test_elicitation",
    { description: "For the conformance suite: elicitation", inputSchema: z.object({ message: z.string() }) },
    async ({ message }, context) => {
      const { action, content } = await context.mcpReq.elicitInput({
        mode: "form",
        message,
        requestedSchema: {
          type: "object",
          properties: {
            username: { type: "string", description: "User's response" },
            email: { type: "string", description: "User's email address" },
          },
          required: ["username", "email"],
        },
      });
      return text(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
    },
  );
  server.registerTool(
    "test_reconnection",
    { description: "For the conformance suite: closes its stream in the middle" },
    async (context: ServerContext) => {
      context.http?.closeSSE?.();
      await pause();
      await pause();
      return text("Sent after the stream was closed.");
    },
  );
  addFormTools(server);
}

function addFormTools(server: McpServer): void {
  const form = (name: string, properties: Parameters<typeof elicit>[1]) =>
    server.registerTool(
      name,
      { description: `For the conformance suite: ${name}` },
      (context: ServerContext) => elicit(context, properties),
    );
  const elicit = async (
    context: ServerContext,
    properties: Extract<
      Parameters<typeof context.mcpReq.elicitInput>[0],
      { requestedSchema: unknown }
    >["requestedSchema"]["properties"],
  ) => {
    const { action, content } = await context.mcpReq.elicitInput({
      mode: "form",
      message: "Please fill in",
      requestedSchema: { type: "object", properties, required: [] },
    });
    return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
  };
  form("test_elicitation_sep1034_defaults", {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  });
  const options = ["option1", "option2", "option3"];
  const titled = (noun: string) =>
    ["First", "Second", "Third"].map((word, at) => ({ const: `value${at + 1}`, title: `${word} ${noun}` }));
  form("test_elicitation_sep1330_enums", {
    untitledSingle: { type: "string", enum: options },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: options } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  });
}

/** What clients without a session (2026) are asked: by results that want more input. */
function addRoundTools(server: McpServer, notify: () => ServerNotifier): void {
  const tool = (name: string, call: (context: ServerContext) => ReturnType<typeof asResult>) =>
    server.registerTool(name, { description: `For the conformance suite: ${name}` }, call);
  type Result = ReturnType<typeof text> | ReturnType<typeof inputRequired>;
  const asResult = (result: Result | Promise<Result>) => result;
  const round = "test_input_required_result";
  tool(`${round}_elicitation`, (context) => {
    const name = field(context, "user_name", "name");
    return name === null
      ? inputRequired({ inputRequests: { user_name: askName() } })
      : text(`Hello, ${name}!`);
  });
  tool(`${round}_sampling`, (context) => {
    const answer = answerTo(context, "capital_question");
    if (answer.kind === "sampling") return text(`It said: ${JSON.stringify(answer.result.content)}`);
    return inputRequired({
      inputRequests: { capital_question: sample("What is the capital of France?", 100) },
    });
  });
  tool(`${round}_list_roots`, (context) => {
    const answer = answerTo(context, "client_roots");
    if (answer.kind === "roots") return text(`Roots: ${answer.roots.map(({ uri }) => uri).join(", ")}`);
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  for (const name of ["request_state", "tampered_state"]) {
    tool(`${round}_${name}`, async (context) => {
      const state = context.mcpReq.requestState<{ readonly round: number }>();
      const done = answerTo(context, "confirm").kind === "elicit" && state?.round === 1;
      if (done) return text("state-ok");
      return inputRequired({
        inputRequests: { confirm: askOk() },
        requestState: await states.mint({ round: 1 }, context),
      });
    });
  }
  tool(`${round}_multiple_inputs`, async (context) => {
    const kinds = ["user_name", "greeting", "client_roots"].map((key) => answerTo(context, key).kind);
    if (!kinds.includes("missing")) return text(`Got ${kinds.join(", ")}.`);
    return inputRequired({
      inputRequests: {
        user_name: askName(),
        greeting: sample("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await states.mint({ round: 1 }, context),
    });
  });
  tool(`${round}_multi_round`, async (context) => {
    const state = context.mcpReq.requestState<{ readonly round: number }>();
    const color = field(context, "step2", "color");
    if (state?.round === 2 && color !== null) return text(`Your color is ${color}.`);
    if (state?.round === 1 && field(context, "step1", "name") !== null) {
      const step2 = inputRequired.elicit({
        message: "Step 2: What is your favorite color?",
        requestedSchema: colorSchema,
      });
      return inputRequired({
        inputRequests: { step2 },
        requestState: await states.mint({ round: 2 }, context),
      });
    }
    return inputRequired({
      inputRequests: { step1: askName("Step 1: What is your name?") },
      requestState: await states.mint({ round: 1 }, context),
    });
  });
  tool(`${round}_capabilities`, (context) => {
    const can = declared(context);
    const inputRequests = {
      ...(can.elicitation === undefined ? {} : { user_name: askName() }),
      ...(can.sampling === undefined ? {} : { greeting: sample("Generate a greeting", 50) }),
      ...(can.roots === undefined ? {} : { client_roots: inputRequired.listRoots() }),
    };
    return Object.keys(inputRequests).length === 0
      ? text("Nothing to ask.")
      : inputRequired({ inputRequests });
  });
  tool("test_missing_capability", () => inputRequired({ inputRequests: { greeting: sample("Hello", 10) } }));
  tool("test_streaming_elicitation", () => text("Streamed."));
  tool("test_logging_tool", async (context) => {
    await context.mcpReq.log("info", "A line of log");
    return text("Logged.");
  });
  tool("test_trigger_tool_change", () => {
    notify().toolsChanged();
    return text("The list of tools changed.");
  });
  tool("test_trigger_prompt_change", () => {
    notify().promptsChanged();
    return text("The list of prompts changed.");
  });
  server.registerTool(
    "test_x_mcp_header",
    {
      description: "For the conformance suite: a parameter that travels in a header too",
      inputSchema: z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) }),
    },
    ({ region }) => text(`Region ${region}.`),
  );
}

const capabilities = z.object({
  "io.modelcontextprotocol/clientCapabilities": z.object({
    elicitation: z.unknown().optional(),
    sampling: z.unknown().optional(),
    roots: z.unknown().optional(),
  }),
});

function declared(context: ServerContext) {
  const found = capabilities.safeParse(context.mcpReq.envelope).data;
  return found?.["io.modelcontextprotocol/clientCapabilities"] ?? {};
}

function addResources(server: McpServer): void {
  server.registerResource(
    "static-text",
    "test://static-text",
    { description: "A text", mimeType: "text/plain" },
    ({ href }) => ({
      contents: [{
        uri: href,
        mimeType: "text/plain",
        text: "This is the content of the static text resource.",
      }],
    }),
  );
  server.registerResource(
    "static-binary",
    "test://static-binary",
    { description: "An image", mimeType: "image/png" },
    ({ href }) => ({ contents: [{ uri: href, mimeType: "image/png", blob: png }] }),
  );
  server.registerResource(
    "watched-resource",
    "test://watched-resource",
    { description: "One to watch", mimeType: "text/plain" },
    ({ href }) => ({ contents: [{ uri: href, mimeType: "text/plain", text: "Watched." }] }),
  );
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description: "A template", mimeType: "application/json" },
    ({ href }, { id }) => ({
      contents: [{
        uri: href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      }],
    }),
  );
}

function addPrompts(server: McpServer): void {
  const user = <Content>(content: Content) => ({ role: "user" as const, content });
  const words = (said: string) => user({ type: "text" as const, text: said });
  server.registerPrompt("test_simple_prompt", { description: "Words" }, () => ({
    messages: [words("This is a simple prompt for testing.")],
  }));
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "Two arguments", argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => ({ messages: [words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "A resource", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user({
          type: "resource" as const,
          resource: {
            uri: resourceUri,
            mimeType: "text/plain",
            text: "Embedded resource content for testing.",
          },
        }),
        words("Please process the embedded resource above."),
      ],
    }),
  );
  server.registerPrompt("test_prompt_with_image", { description: "An image" }, () => ({
    messages: [user(image), words("Please analyze the image above.")],
  }));
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Asks first" },
    (context: ServerContext) => {
      const said = field(context, "user_context", "context");
      if (said !== null) return { messages: [words(`Use this context: ${said}`)] };
      const user_context = inputRequired.elicit({
        message: "What context should the prompt use?",
        requestedSchema: z.object({ context: z.string() }),
      });
      return inputRequired({ inputRequests: { user_context } });
    },
  );
}

function build(session: string | null, notify: () => ServerNotifier): McpServer {
  const server = new McpServer({ name: "engramlt-mcp-fixture", version: "0.1.0" }, {
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      completions: {},
      logging: {},
    },
    requestState: { verify: states.verify },
  });
  addContentTools(server);
  addProgressTool(server);
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "For the conformance suite: JSON Schema 2020-12", inputSchema: schema2020 },
    () => text("Taken."),
  );
  if (session === null) addRoundTools(server, notify);
  else addSessionTools(server);
  addResources(server);
  addPrompts(server);
  server.server.setRequestHandler("completion/complete", () => ({
    completion: { values: ["paris", "park", "party"], total: 3, hasMore: false },
  }));
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
  return server;
}

/** Serves the fixture on loopback; stops when the signal aborts. */
export function serveFixture(port: number, signal: AbortSignal): { readonly port: number } {
  const onFault = (error: unknown) => console.error(error);
  const http: McpHttp<null> = mcpHttp<null>({
    build: ({ session }) => build(session, () => http.notify),
    isSame: () => true,
    stopping: signal,
    onFault,
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port, signal, onListen() {} }, async (request) => {
    const refused = hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins());
    if (refused !== undefined) return refused;
    const isMcp = new URL(request.url).pathname === "/mcp";
    return isMcp ? await http.answer(request, null) : new Response(null, { status: 404 });
  });
  return { port: server.addr.port };
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--port");
  const { port } = serveFixture(at < 0 ? 0 : Number(Deno.args[at + 1]), new AbortController().signal);
  console.log(`http://127.0.0.1:${port}/mcp`);
}
