// What is written and not sent is kept for each conversation in this browser, over a reload, until it is sent.
(() => {
  const PREFIX = "mneme_draft_";
  const { store } = window.mneme;
  const box = () => document.querySelector("#message-box textarea");
  let key = null; // of the open conversation; null: nothing is kept (not there yet, or a temporary chat)
  const keep = (text) => { if (key !== null) store.set(PREFIX + key, text.trim() ? text : null); };
  let last = ""; // what was sent last; the box is emptied a little later
  const sent = () => { last = box()?.value || ""; keep(""); };
  document.addEventListener("input", (event) => { if (event.target === box()) keep(event.target.value); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === box()) sent();
  }, true);
  document.addEventListener("click", (event) => { if (event.target.closest?.("#message-box .submit-button")) sent(); }, true);
  // The page turns to another conversation. `became`: it is the same one, which has an id now.
  window.mneme.drafts = (to, became) => {
    const text = box()?.value || "";
    if (became) keep("");
    else if (text) keep(text);
    const first = key === null && !text;
    key = to;
    if (became) { keep(text === last ? "" : text); return; }
    const draft = to === null ? "" : store.get(PREFIX + to) || "";
    if (draft !== text && (draft || !first)) window.mneme.write(draft, false);
  };
})();
