/** The engram graph on libSQL: commit at an index, reads now and as of a tick, walks, search. */
export { Graph, type GraphEntry, openGraph } from "./graph.ts";
export { copyBytes, copyGraphFile } from "./file/copy.ts";
export { type RowHashes, rowKinds } from "./file/row_hashes.ts";
export { schemaVersion } from "./file/schema.ts";
export type { Readable } from "./reads/scope.ts";
export type { SearchQuery } from "./search/search.ts";
export { searchLimits } from "./search/score.ts";
export { type RecallHit, recallLimits } from "./search/recall.ts";
export { toInt8, type Unembedded, vectorLimits } from "./index/vectors.ts";
export { eachWord, queryWords, stemOf } from "./index/words.ts";
