/**
 * The imports of ABI `engram`, version 1, as they are: pointers and lengths. Agents use memory.ts instead.
 *
 * Invariants:
 * 1. One declaration for every function of the host's table, in the table's order, under its name.
 * 2. A text is (ptr, len) in UTF-8; (0, 0) is absent; an empty text has another pointer and length 0.
 */

// deno-fmt-ignore-file
@external("engram", "engram_create") export declare function engram_create(contentPtr: usize, contentLen: i32, sourcePtr: usize, sourceLen: i32, confidence: f64, metadataPtr: usize, metadataLen: i32): i32;
@external("engram", "engram_get") export declare function engram_get(idPtr: usize, idLen: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "engram_update") export declare function engram_update(idPtr: usize, idLen: i32, contentPtr: usize, contentLen: i32, sourcePtr: usize, sourceLen: i32, confidence: f64, metadataPtr: usize, metadataLen: i32): i32;
@external("engram", "engram_delete") export declare function engram_delete(idPtr: usize, idLen: i32): i32;
@external("engram", "connection_create") export declare function connection_create(sourcePtr: usize, sourceLen: i32, targetPtr: usize, targetLen: i32, typePtr: usize, typeLen: i32, weight: f64, metadataPtr: usize, metadataLen: i32): i32;
@external("engram", "search_by_text") export declare function search_by_text(queryPtr: usize, queryLen: i32, exactMatch: i32, limit: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "search_by_metadata") export declare function search_by_metadata(keyPtr: usize, keyLen: i32, valuePtr: usize, valueLen: i32, limit: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "search_combined") export declare function search_combined(paramsPtr: usize, paramsLen: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "find_paths") export declare function find_paths(sourcePtr: usize, sourceLen: i32, targetPtr: usize, targetLen: i32, maxDepth: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "find_connected_engrams") export declare function find_connected_engrams(idPtr: usize, idLen: i32, maxDepth: i32, typePtr: usize, typeLen: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "context_create") export declare function context_create(namePtr: usize, nameLen: i32, descriptionPtr: usize, descriptionLen: i32, metadataPtr: usize, metadataLen: i32): i32;
@external("engram", "context_add_engram") export declare function context_add_engram(contextPtr: usize, contextLen: i32, idPtr: usize, idLen: i32): i32;
@external("engram", "context_add_agent") export declare function context_add_agent(contextPtr: usize, contextLen: i32, agentPtr: usize, agentLen: i32): i32;
@external("engram", "context_get_engrams") export declare function context_get_engrams(contextPtr: usize, contextLen: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "context_current") export declare function context_current(outPtr: usize, outLenPtr: usize): i32;
@external("engram", "changes") export declare function changes(sinceTick: i64, limit: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "log") export declare function log(level: i32, ptr: usize, len: i32): i32;
@external("engram", "send_message") export declare function send_message(toPtr: usize, toLen: i32, ptr: usize, len: i32): i32;
@external("engram", "transaction_begin") export declare function transaction_begin(): i32;
@external("engram", "transaction_commit") export declare function transaction_commit(): i32;
@external("engram", "transaction_rollback") export declare function transaction_rollback(): i32;
@external("engram", "recall") export declare function recall(questionPtr: usize, questionLen: i32, paramsPtr: usize, paramsLen: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "embed") export declare function embed(textPtr: usize, textLen: i32, outPtr: usize, outLenPtr: usize): i32;
@external("engram", "similarity") export declare function similarity(idPtr: usize, idLen: i32, otherPtr: usize, otherLen: i32, outPtr: usize, outLenPtr: usize): i32;
