// The line below a reply that quotes where it came from. In front of marks.js, in one scope with it.
// Text is only ever set with textContent.
const sources = new Map(); // reply → its line as the server last told; while a reply streams it tells none
const ago = (seconds) => {
  const date = new Date(seconds * 1000);
  const start = (value) => new Date(value.getFullYear(), value.getMonth(), value.getDate()).getTime();
  const days = Math.round((start(new Date()) - start(date)) / 86400000);
  if (days === 0) return window.mneme.say("source.today");
  if (days === 1) return window.mneme.say("source.yesterday");
  const near = days > 1 && days < 7;
  const day = near ? date.toLocaleDateString(window.mneme.tag, { weekday: "long" }) : window.mneme.day(seconds);
  return window.mneme.say("source.on", { day });
};
const whence = (source) => {
  const say = window.mneme.say;
  if (source.kind === "passage") {
    return source.page ? say("source.page", { title: source.title, page: source.page }) : say("source.document", { title: source.title });
  }
  const when = ago(source.created);
  if (source.role === "assistant") return say("source.assistant", { when });
  if (source.kind === "note") return say("source.note", { when });
  if (source.speaker) return say("source.speaker", { speaker: source.speaker, when });
  return say(source.here ? "source.here" : "source.chat", { when });
};
const sourceLine = (mark) => {
  const { say, make, icon } = window.mneme;
  if ("source" in mark) sources.set(mark.id, mark.source);
  const source = sources.get(mark.id);
  if (mark.role !== "assistant" || !source) return null;
  const from = whence(source);
  const quote = say("source.quote", { text: source.sentence });
  const missing = source.missing.length > 0;
  const names = source.missing.map((name) => say("source.quote", { text: name })).join(say("source.and"));
  const parts = missing ? [say("source.missing", { names }), say("source.closest")] : [source.idle ? say("source.idle") : from];
  const said = make("span", { class: "mn-told-text" },
    ...parts.flatMap((text, place) => [make("span", { class: missing && !place ? "mn-told-missing" : "mn-told-from", text }), " "]),
    make("q", { class: "mn-told-quote", text: quote }));
  return make("button", { type: "button", class: `mn-told${missing ? " mn-told-doubt" : ""}`, "data-memory": source.memory,
    title: `${from} ${quote}\n${say("source.open")}`,
    click: () => { window.mneme.drawer(true); trigger("select", { action: "reads", id: mark.id, memory: source.memory }); } },
    icon(missing ? "question" : source.kind === "passage" ? "file" : source.kind === "note" ? "note" : "chat"), said);
};
