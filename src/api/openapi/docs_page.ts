/**
 * GET /docs: the API's description as a page that works offline. The page, its script and the description are the
 * same for every install; what a reader tries out on it is sent with the token that the reader types.
 */
import { EngramError } from "../../kernel/mod.ts";
import { assetUrl } from "../../runtime/assets.ts";

/** Nothing is loaded but from this host, and nothing is sent elsewhere. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page. */
export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>engramlt: the HTTP API</title>
<script type="module" src="/docs/explorer.js"></script>
</head>
<body>
<openapi-explorer spec-url="/openapi.json" hide-console="false"></openapi-explorer>
</body>
</html>
`;

/** Where the script of the page lies below the program's files; its licence is Apache-2.0. */
export const explorerPath = "node_modules/openapi-explorer/dist/browser/openapi-explorer.min.js";

let script: Promise<Uint8Array<ArrayBuffer>> | null = null;

/** The script of the page, read once. Errors: `file_not_found` where this build has none. */
export function explorerScript(): Promise<Uint8Array<ArrayBuffer>> {
  return script ??= Deno.readFile(assetUrl(explorerPath)).catch((error: unknown) => {
    script = null;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new EngramError(
      "file_not_found",
      "Cannot show the page: this build has no script for it",
      {},
      "/openapi.json has all that the page shows",
    );
  });
}
