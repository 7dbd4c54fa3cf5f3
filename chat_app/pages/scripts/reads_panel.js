// The reads panel: one card per memory a reply read, those that were looked at most first. Text is only ever set with textContent.
const root = element.querySelector(".mn-reads");
const editing = new Map(); // id → text not saved yet: the server's answer to something else must not take it away
const boosted = new Set(); // ids whose weight is to be multiplied when the reply is written again
const before = new Map(); // id → its marks and text when this reply came: what differs now changes the next reply
let shown = "";
let turned = 0; // when a source line was last clicked: its card is turned to once
let lit = new Map(); // id → 0…1: the cards that the word under the pointer was read from
let explained = false;
let asked = ""; // the reply whose effects a person asked for, until the server says so too
// A card changes at once; the server's answer replaces the panel. While the reply still streams there is no answer yet.
const send = (action, id, more = {}) => {
  const read = (props.value?.reads || []).find((one) => one.id === id);
  trigger("select", { action, id, message: props.value?.message || "", ...more });
  if (action === "go") window.mneme.drawer(false);
  if (!read || action === "go") return;
  if (action === "pin") read.pinned = more.on;
  if (action === "mute") read.muted = more.on;
  if (action === "edit") { read.text = more.text; read.edited = true; }
  if (action === "delete") { read.deleted = true; read.text = ""; }
  draw();
};

const source = (read, conversation) => {
  const parts = [];
  if (read.kind === "passage") {
    parts.push(read.title);
    if (read.page) parts.push(say("reads.page", { page: read.page }));
    if (read.heading) parts.push(read.heading);
    if (!read.page && !read.heading) parts.push(say("reads.passage", { position: (read.position || 0) + 1 }));
  } else {
    parts.push(read.speaker || say(read.kind === "note" ? "reads.note" : read.role === "assistant" ? "reads.assistant" : "reads.you"));
    if (read.kind === "turn") {
      parts.push(read.gone ? say("reads.conversation_gone")
        : read.container === conversation ? say("reads.this_conversation") : read.title || say("sidebar.untitled"));
    }
    parts.push(when(read.created));
  }
  return parts.filter(Boolean).join(" · ");
};

const editor = (card, read) => {
  const area = make("textarea", { class: "mn-input mn-edit-area", rows: 4, "aria-label": say("reads.in_text") });
  area.value = editing.get(read.id);
  area.addEventListener("input", () => editing.set(read.id, area.value));
  const done = (save) => {
    const text = area.value.trim();
    editing.delete(read.id);
    if (save && text && text !== read.text) send("edit", read.id, { text });
    draw();
  };
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); done(false); }
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) done(true);
  });
  card.replaceChildren(area, make("div", { class: "mn-dialog-buttons" },
    make("button", { type: "button", class: "mn-button", text: say("frame.cancel"), click: () => done(false) }),
    make("button", { type: "button", class: "mn-button mn-primary mn-save", text: say("reads.save"), click: () => done(true) })));
};
const edit = (read) => {
  editing.set(read.id, read.text);
  draw();
  area(read.id)?.focus();
};
const area = (id) => root.querySelector(`[data-id="${CSS.escape(id)}"] .mn-edit-area`);

const remove = async (read) => {
  const yes = await ask({ title: say("reads.delete_title"), text: say("reads.delete_text"), yes: say("reads.delete") });
  if (yes) send("delete", read.id);
};

// A later hop's card says so, and which memory led to it; that one's card is shown when it is asked for.
const cardOf = (id) => root.querySelector(`.mn-card[data-id="${CSS.escape(id)}"]`);
const show = (id) => {
  const lead = cardOf(id);
  if (!lead) return;
  lead.setAttribute("tabindex", "-1"); // the focus is the highlight: it goes where the eye does
  lead.focus({ preventScroll: true });
  lead.scrollIntoView({ block: "nearest" });
};
const beginning = (text) => {
  const letters = [...text.trim().replace(/\s+/g, " ")];
  return letters.length > 60 ? `${letters.slice(0, 60).join("").trimEnd()}…` : letters.join("");
};
const hop = (read, reads) => {
  if (!read.hop) return null;
  const lead = reads.find((one) => one.id === read.because);
  const text = lead ? (lead.deleted ? say("reads.deleted") : lead.text) : read.because_text;
  const line = text ? say("reads.because", { text: beginning(text) }) : "";
  const why = say("reads.hop_text", { number: read.hop + 1, before: read.hop });
  const said = make("p", { class: "mn-faint mn-hop-text", text: why, hidden: true });
  const label = make("button", { type: "button", class: "mn-tag mn-hop", title: why, "aria-expanded": "false",
    text: say("reads.hop", { number: read.hop + 1 }), click: () => {
      said.hidden = !said.hidden;
      label.setAttribute("aria-expanded", String(!said.hidden));
    } });
  const because = !line ? null : lead
    ? make("button", { type: "button", class: "mn-link mn-because", title: say("reads.because_go"), text: line, click: () => show(lead.id) })
    : make("span", { class: "mn-because", text: line });
  return make("div", { class: "mn-hops" }, label, because, said);
};

// ---- what changed since the reply, and writing it again ----
const marks = (read) => JSON.stringify([Boolean(read.pinned), Boolean(read.muted), Boolean(read.deleted), read.text]);
const remember = (value) => {
  const goes = value.message !== shown && !(shown === "" && before.size && value.reads?.every((read) => before.has(read.id)));
  if (goes) { boosted.clear(); before.clear(); }
  for (const read of value.reads || []) if (!before.has(read.id) && (read.text || read.deleted)) before.set(read.id, marks(read));
};
const changed = (read) => boosted.has(read.id) || (before.has(read.id) && before.get(read.id) !== marks(read));
const tools = (value) => {
  if (!value.message || !value.reads.length) return null;
  const nodes = [];
  if (value.reads.some(changed)) {
    nodes.push(make("button", { type: "button", class: "mn-button mn-primary", id: "reads-regenerate", click: () => {
      trigger("regenerate", { message: value.message, boost: [...boosted] });
      window.mneme.drawer(false);
    } }, icon("again"), say("reads.regenerate")));
  }
  const busy = ["waiting", "running"].includes(value.effects) || asked === value.message;
  if (busy) nodes.push(make("p", { class: "mn-faint mn-pulse", id: "reads-measuring", role: "status", text: say("reads.measuring") }));
  else if (value.effects === "open" || value.effects === "failed") {
    if (value.effects === "failed") nodes.push(make("p", { class: "mn-faint", role: "alert", text: say("reads.measure_failed") }));
    nodes.push(make("button", { type: "button", class: "mn-button", id: "reads-measure", title: say("reads.effect_text"), click: () => {
      asked = value.message;
      trigger("select", { action: "measure", message: value.message, was: value.effects });
      draw();
    } }, say("reads.measure")));
  }
  return nodes.length ? make("div", { class: "mn-tools" }, ...nodes) : null;
};
// The server measures in a quiet moment; while it is at it, the panel asks how far it is.
let looking = 0;
const look = (value) => {
  clearTimeout(looking);
  if (!value.message || !(["waiting", "running"].includes(value.effects) || asked === value.message)) return;
  looking = setTimeout(() => {
    if (!document.hidden && !document.body.classList.contains("mn-streaming")) {
      trigger("select", { action: "look", message: value.message, was: value.effects });
    }
    look(props.value || {});
  }, 1200);
};

// ---- words and cards ----
const shine = () => {
  for (const node of root.querySelectorAll(".mn-card[data-id]")) {
    const share = lit.get(node.dataset.id);
    node.classList.toggle("mn-lit", Boolean(share));
    if (share) node.style.setProperty("--mn-lit", share.toFixed(2));
  }
};
window.mneme.words.listen((cards, show) => {
  lit = cards;
  shine();
  if (show && cards.size) cardOf([...cards].sort((a, b) => b[1] - a[1])[0][0])?.scrollIntoView({ block: "nearest" });
});

// The memory's text with the part that matched marked; closed, it begins there.
const words = (read, closed) => {
  if (!read.matched) return [read.text];
  const letters = [...read.text], [start, end] = read.matched;
  const piece = (from, until) => letters.slice(from, until).join("");
  const before = closed && start ? "… " : piece(0, start);
  return [before, make("mark", { class: "mn-matched", title: say("reads.matched_text"), text: piece(start, end) }), piece(end)];
};

const card = (read, conversation, reads) => {
  const node = make("article", { class: `mn-card${read.deleted ? " mn-gone" : ""}${read.muted ? " mn-quiet" : ""}`, "data-id": read.id });
  if (read.deleted) {
    node.append(make("p", { class: "mn-card-text", text: say("reads.deleted_text") }), hop(read, reads) || "");
  } else {
    const text = make("p", { class: "mn-card-text mn-clamped" }, ...words(read, true));
    const more = make("button", { type: "button", class: "mn-link mn-more", text: say("reads.more"), click: () => {
      const closed = text.classList.toggle("mn-clamped");
      text.replaceChildren(...words(read, closed));
      more.textContent = say(closed ? "reads.more" : "reads.less");
    } });
    const goes = read.kind !== "note" && !read.gone;
    const place = make(goes ? "button" : "span", { type: goes ? "button" : null, class: goes ? "mn-link mn-source" : "mn-source",
      title: !goes ? null : say(read.container === conversation ? "reads.this_conversation_text" : "reads.go"), click: goes ? () => send("go", read.id) : () => {} },
      icon(read.kind === "passage" ? "file" : read.kind === "note" ? "note" : "chat"),
      make("span", { text: source(read, conversation) }));
    const tags = [["pinned", read.pinned], ["muted", read.muted], ["edited", read.edited], ["boosted", read.boost > 1]].filter((mark) => mark[1])
      .map((mark) => make("span", { class: "mn-tag", title: mark[0] === "boosted" ? say("reads.boosted_text") : null,
        text: say(`reads.${mark[0]}`, { factor: read.boost }) }));
    node.append(place, text, more, hop(read, reads) || "", make("div", { class: "mn-tags" }, ...tags));
    // Measured once it is laid out: only a text that is cut off gets "more".
    requestAnimationFrame(() => { more.hidden = text.scrollHeight <= text.clientHeight + 1 && !read.matched?.[0]; });
  }
  const most = (name) => Math.max(...reads.map((one) => Math.abs(one[name] || 0)), 1e-9);
  node.append(bar("reads.score", read.score, "score"), bar("reads.weight", read.weight, "weight"));
  if (typeof read.attention === "number") node.append(bar("reads.attention", read.attention, "attention", most("attention")));
  if (typeof read.effect === "number") node.append(effectBar(read.effect, most("effect")));
  if (!read.deleted) {
    node.append(make("div", { class: "mn-actions" },
      iconButton("pin", say(read.pinned ? "reads.unpin" : "reads.pin"), () => send("pin", read.id, { on: !read.pinned }), { "data-action": "pin", "aria-pressed": String(Boolean(read.pinned)) }),
      iconButton("mute", say(read.muted ? "reads.unmute" : "reads.mute"), () => send("mute", read.id, { on: !read.muted }), { "data-action": "mute", "aria-pressed": String(Boolean(read.muted)) }),
      props.value?.message ? iconButton("boost", say(boosted.has(read.id) ? "reads.unboost" : "reads.boost"), () => {
        if (!boosted.delete(read.id)) boosted.add(read.id);
        draw();
      }, { "data-action": "boost", "aria-pressed": String(boosted.has(read.id)) }) : null,
      iconButton("edit", say("reads.edit"), () => edit(read), { "data-action": "edit" }),
      iconButton("trash", say("reads.delete"), () => remove(read), { "data-action": "delete" }),
      window.mneme.words.has(read.id) ? make("button", { type: "button", class: "mn-link mn-its-words", text: say("reads.its_words"), click: () => {
        window.mneme.drawer(false);
        window.mneme.words.light(read.id);
        window.mneme.words.first()?.scrollIntoView({ block: "center" });
      } }) : null));
  }
  const light = (id) => () => window.mneme.words.light(id);
  node.addEventListener("mouseenter", light(read.id));
  node.addEventListener("focusin", light(read.id));
  node.addEventListener("mouseleave", () => { if (!window.mneme.narrow()) window.mneme.words.light(""); });
  node.addEventListener("focusout", () => { if (!window.mneme.narrow()) window.mneme.words.light(""); });
  if (editing.has(read.id) && !read.deleted) editor(node, read);
  return node;
};

function draw() {
  const value = props.value || {};
  const reads = value.reads || [];
  if (value.effects && !["open", "failed"].includes(value.effects)) asked = "";
  remember(value);
  window.mneme.words.show(value.message && reads.length ? { message: value.message, text: value.text || "", reads } : null);
  const head = make("header", { class: "mn-reads-head" },
    make("h2", { text: say("reads.title") }),
    value.state === "read" && value.shortlisted ? make("span", { class: "mn-faint", text: say("reads.shortlisted", { count: value.shortlisted }) }) : null,
    reads.length ? iconButton("question", say("reads.explain"), () => { explained = !explained; draw(); },
      { id: "reads-explain", "aria-expanded": String(explained), "aria-controls": "reads-legend" }) : null,
    iconButton("close", say("frame.close"), () => window.mneme.drawer(false), { class: "mn-icon-button mn-drawer-close" }));
  const body = make("div", { class: "mn-cards" });
  if (value.state === "reading") {
    body.append(make("p", { class: "mn-faint mn-pulse", text: say("chat.thinking") }));
  } else if (value.state === "off") {
    body.append(make("div", { class: "mn-card mn-nothing", id: "memory-off" }, make("h3", { text: say("reads.off") }), make("p", { text: say("reads.off_text") })));
  } else if (value.state !== "read") {
    body.append(make("p", { class: "mn-faint", text: say("reads.none_chosen") }));
  } else if (!reads.length) {
    body.append(make("div", { class: "mn-card mn-nothing", id: "not-from-memory" },
      make("h3", { text: say("reads.not_from_memory") }), make("p", { text: say("reads.not_from_memory_text") })));
  } else {
    if (explained) body.append(legend());
    body.append(...reads.map((read) => card(read, value.conversation, reads)));
    body.append(make("div", { class: "mn-null", title: say("reads.null_text") }, bar("reads.null", value.null_weight, "null")));
  }
  for (const id of editing.keys()) if (!reads.some((read) => read.id === id)) editing.delete(id);
  const way = value.state === "read" && reads.length && value.path
    ? make("p", { class: "mn-way", "data-path": value.path, title: say(`reads.path_${value.path}_text`) }, make("span", { text: say(`reads.path_${value.path}`) })) : null;
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const { selectionStart, selectionEnd } = active || {};
  const written = active?.classList.contains("mn-edit-area") ? active.closest("[data-id]").dataset.id : "";
  root.replaceChildren(...[head, way, value.state === "read" ? tools(value) : null, body].filter(Boolean));
  shine();
  look(value);
  const again = written && area(written);
  if (again) { again.focus({ preventScroll: true }); again.setSelectionRange(selectionStart, selectionEnd); }
  if (value.message !== shown) { shown = value.message; body.scrollTop = 0; }
  if (value.card && value.card.at !== turned) { turned = value.card.at; show(value.card.id); }
}
watch("value", draw);
draw();
