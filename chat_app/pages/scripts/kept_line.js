// The line below a message of the person that says what memory made of it. In front of marks.js, in one scope with it.
// Text is only ever set with textContent.
const keptLines = new Map(); // message → its line as the server last told; while a reply streams it tells none
const keptLine = (mark) => {
  const { say, make, icon } = window.mneme;
  if ("kept" in mark) keptLines.set(mark.id, mark.kept);
  const kept = keptLines.get(mark.id);
  if (mark.role !== "user" || !kept) return null;
  const plain = kept.gate === "add";
  const act = (action, word, title) => make("button", { type: "button", class: "mn-kept-act", title: say(title), text: say(word),
    "data-action": action, click: () => trigger("select", { action, id: mark.id, memory: kept.memory }) });
  return make("div", { class: `mn-kept mn-kept-${kept.gate}`, "data-memory": kept.memory },
    icon(plain ? "check" : kept.gate === "merge" ? "again" : "edit"),
    make("span", { class: "mn-kept-text" }, say(`kept.${kept.gate}`), ...(plain ? [] : [" ", make("q", { class: "mn-told-quote", text: say("source.quote", { text: kept.text }) })])),
    plain ? act("drop", "kept.drop", "kept.drop_title") : act("undo", "kept.undo", `kept.undo_${kept.gate}`));
};
