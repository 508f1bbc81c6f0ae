/** engramlt token: who may use the doors of the host, and for what. The files decide: no host needs to run. */
import type { Scope, TokenView } from "../../api/tokens/tokens.ts";
import { EngramError } from "../../kernel/errors.ts";
import { type DataPaths, dataPaths, exists } from "../../runtime/data_folder.ts";
import type { Call, Group, Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { plural } from "../terminal/screen.ts";

const scopeNames = ["read", "operate", "admin"] as const satisfies readonly Scope[];

const create: Leaf = {
  name: "create",
  says: "make a token for another program; it is shown once and stored hashed",
  flags: [
    {
      flags: "--scope SCOPE",
      says: "read, operate (and read), or admin (and all); default: read",
      choices: scopeNames,
    },
    { flags: "--name TEXT", says: "what it is for; the log says it beside what it did (default: its scope)" },
    { flags: "--expires WHEN", says: "a date or time from which it no longer holds (default: never)" },
  ],
  examples: [
    "token create --scope read --name dashboard",
    "token create --scope operate --expires 2099-01-01",
  ],
  notes: "A read token can change nothing. It holds at once, in a running host too.",
  async run(call) {
    const { createToken, tokenEnd } = await import("../../api/tokens/tokens.ts");
    const scope = call.choice("scope", scopeNames) ?? "read";
    const name = call.text("name") ?? scope;
    const expires = tokenEnd(call.text("expires"), "--expires");
    const made = createToken(pathsOf(call), { name, scope, expires });
    call.screen.result(made, () => call.screen.line(made.token));
    call.screen.summary(`token ${made.id} of scope ${scope}: keep it now, it is not shown again`);
  },
};

const list: Leaf = {
  name: "list",
  says: "show the tokens beside the host's own, never what is sent",
  examples: ["token list", "token list --json"],
  async run(call) {
    const { listTokens } = await import("../../api/tokens/tokens.ts");
    const tokens = listTokens(pathsOf(call));
    call.screen.list<TokenView>("tokens", tokens, {}, () => {
      for (const { id, scope, name, created, expires } of tokens) {
        const end = expires === null ? "" : `, until ${expires}`;
        call.screen.line(`${id}  ${scope.padEnd(7)}  ${name}  made ${created}${end}`);
      }
    });
    call.screen.summary(plural(tokens.length, "token"));
  },
};

const revoke: Leaf = {
  name: "revoke",
  says: "take a token back: it holds for no request after this, in a running host too",
  places: [{ name: "token", shown: "ID", says: "its id or name", noFlag: true }],
  examples: ["token revoke dashboard"],
  async run(call) {
    const { revokeToken } = await import("../../api/tokens/tokens.ts");
    const gone = revokeToken(pathsOf(call), call.need("token"));
    call.screen.result(gone, () => call.screen.line(gone.id));
    call.screen.summary(`token ${gone.name} is revoked`);
  },
};

const rotate: Leaf = {
  name: "rotate",
  says: "replace a token by a new one; without an id, the host's own in DATA/token",
  places: [{ name: "token", shown: "ID", says: "its id or name", optional: true, noFlag: true }],
  examples: ["token rotate", "token rotate dashboard"],
  async run(call) {
    const { replaceToken, rotateToken } = await import("../../api/tokens/tokens.ts");
    const paths = pathsOf(call);
    const which = call.text("token");
    if (which === null) {
      rotateToken(paths);
      call.screen.result({ tokenFile: paths.token }, () => call.screen.line(paths.token));
      call.screen.summary("the host's own token is replaced");
      return;
    }
    const made = replaceToken(paths, which);
    call.screen.result(made, () => call.screen.line(made.token));
    call.screen.summary(`token ${made.name} is replaced: keep it now, it is not shown again`);
  },
};

function pathsOf(call: Call): DataPaths {
  const { data } = connectOptions(call);
  if (exists(data)) return dataPaths(data);
  throw new EngramError(
    "data_folder_missing",
    `Cannot see to tokens: there is no data folder ${data}`,
    {},
    "engramlt up makes it",
  );
}

/** engramlt token */
export const token: Group = {
  name: "token",
  says: "who may use the HTTP API and MCP of the host, and for what",
  commands: [create, list, revoke, rotate],
};
