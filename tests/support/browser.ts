/**
 * A real browser, for the tests of pages: Chromium as it lies in PATH, or where ENGRAMLT_TEST_CHROMIUM names it. It is
 * never fetched.
 */
import { delimiter, join } from "node:path";
import { chromium, type Page } from "playwright-core";

/** What a test that needs it says when it is not there. */
export const browserNeeds = "needs chromium in PATH, or ENGRAMLT_TEST_CHROMIUM=FILE";

/** Where the browser lies, or null. */
export function browserPath(): string | null {
  const named = Deno.env.get("ENGRAMLT_TEST_CHROMIUM") ?? "";
  if (named !== "") return named;
  for (const folder of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      const path = join(folder, name);
      try {
        if (Deno.statSync(path).isFile) return path;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
          throw error;
        }
      }
    }
  }
  return null;
}

/** What a page did beside being shown. */
export interface Seen {
  /** Addresses it asked for that are not below its own host: none of them is answered. */
  readonly foreign: string[];
  /** Errors and warnings of its console, what its policy forbade among them. */
  readonly errors: string[];
}

/** Opens a page of a host in the browser, without a network beside the host. */
export async function withPage(
  url: string,
  work: (page: Page, seen: Seen) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: browserPath() ?? "chromium",
    args: ["--no-sandbox"],
  });
  try {
    const page = await browser.newPage();
    const seen: Seen = { foreign: [], errors: [] };
    const { origin } = new URL(url);
    await page.route((address) => address.origin !== origin, async (route) => {
      seen.foreign.push(route.request().url());
      await route.abort();
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) seen.errors.push(message.text());
    });
    page.on("pageerror", (error) => seen.errors.push(String(error)));
    await page.goto(url);
    await work(page, seen);
  } finally {
    await browser.close();
  }
}
