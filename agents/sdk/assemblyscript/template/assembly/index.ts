/** An agent: it remembers what it is told and finds it again. */
import { createEngram, fail, Json, lastStatus, onQuery, registerAction, searchText } from "../sdk/index";
export * from "../sdk/exports";

/** Params: `{"text": "…"}`. Result: `{"id": "…"}`. */
registerAction("remember", (params) => {
  const text = Json.parse(params).get("text").asText();
  if (text.length == 0) return fail('Cannot remember: params have no "text"');
  const id = createEngram(text, Json.object().setText("kind", "note"));
  if (id.length == 0) return fail("Cannot remember: the host answered " + lastStatus().toString());
  return Json.object().setText("id", id).toString();
});

/** The three memories that fit the words best. */
onQuery((words) => {
  const hits = searchText(words, 3);
  const found = Json.list();
  for (let i = 0; i < hits.length; i++) found.push(Json.text(hits[i].content));
  return Json.object().set("found", found).toString();
});
