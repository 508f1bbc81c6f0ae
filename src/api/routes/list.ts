/** Every route, in one list: `GET /v1` and docs/api.md tell it. */
import type { Scope } from "../tokens/tokens.ts";
import { actingRoutes } from "./actions.ts";
import { hostActRoutes, hostReadRoutes } from "./host.ts";
import { lookups } from "./lookups.ts";
import { type ListedRoute, otherRoutes, readingPosts, readingRoutes } from "./routes.ts";

/** The scope that a route of {@link otherRoutes} needs; null: no token. */
export function scopeOfOther(path: string): Scope | null {
  switch (path) {
    case "/healthz":
    case "/v1/health":
    case "/openapi.json":
    case "/docs":
      return null;
    case "/v1/commands":
    case "/v1/idle":
      return "operate";
    case "/v1/stop":
      return "admin";
    default:
      return "read";
  }
}

/** What `GET /v1` answers with. */
export function routeList(): readonly (ListedRoute & { readonly scope: Scope | null })[] {
  const queryOf = (names: readonly string[]) => names.length === 0 ? {} : { query: names };
  return [
    ...otherRoutes.map((route) => ({ ...route, scope: scopeOfOther(route.path) })),
    ...readingRoutes.map(({ path, summary, query }) => ({
      method: "GET",
      path,
      summary,
      ...queryOf(Object.keys(query)),
      scope: "read" as const,
    })),
    ...readingPosts.map(({ path, summary }) => ({ method: "POST", path, summary, scope: "read" as const })),
    ...lookups.map(({ path, summary, query }) => ({
      method: "GET",
      path,
      summary,
      ...queryOf(Object.keys(query.shape)),
      scope: "read" as const,
    })),
    ...actingRoutes.map(({ method, path, summary, scope }) => ({ method, path, summary, scope })),
    ...[...hostReadRoutes, ...hostActRoutes].map(({ method, path, summary, scope, query }) => ({
      method,
      path,
      summary,
      ...queryOf(Object.keys(query.shape)),
      scope,
    })),
  ];
}
