// The reads panel: one card per memory a reply read, in order of weight. Text is only ever set with textContent.
const { say, make, icon, iconButton, ask, when } = window.mneme;
const root = element.querySelector(".mn-reads");
const percent = (share) => `${Math.round(100 * Math.min(1, Math.max(0, share || 0)))} %`;
const editing = new Map(); // id → text not saved yet: the server's answer to something else must not take it away
let shown = "";
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

const bar = (name, share, kind) => make("div", { class: `mn-bar mn-${kind}`, role: "meter", "aria-label": say(name),
  "aria-valuenow": Math.round(100 * (share || 0)), "aria-valuemin": 0, "aria-valuemax": 100 },
  make("span", { class: "mn-bar-name", text: say(name) }),
  make("span", { class: "mn-bar-track" }, make("span", { class: "mn-bar-fill", style: `width:${Math.max(1.5, 100 * Math.min(1, share || 0))}%` })),
  make("span", { class: "mn-bar-number", text: percent(share) }));

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

const card = (read, conversation, reads) => {
  const node = make("article", { class: `mn-card${read.deleted ? " mn-gone" : ""}${read.muted ? " mn-quiet" : ""}`, "data-id": read.id });
  if (read.deleted) {
    node.append(make("p", { class: "mn-card-text", text: say("reads.deleted_text") }), hop(read, reads) || "");
  } else {
    const text = make("p", { class: "mn-card-text mn-clamped", text: read.text });
    const more = make("button", { type: "button", class: "mn-link mn-more", text: say("reads.more"), click: () => {
      const closed = text.classList.toggle("mn-clamped");
      more.textContent = say(closed ? "reads.more" : "reads.less");
    } });
    const goes = read.kind !== "note" && !read.gone;
    const place = make(goes ? "button" : "span", { type: goes ? "button" : null, class: goes ? "mn-link mn-source" : "mn-source",
      title: goes ? say("reads.go") : null, click: goes ? () => send("go", read.id) : () => {} },
      icon(read.kind === "passage" ? "file" : read.kind === "note" ? "note" : "chat"),
      make("span", { text: source(read, conversation) }));
    const marks = [["pinned", read.pinned], ["muted", read.muted], ["edited", read.edited]].filter((mark) => mark[1])
      .map((mark) => make("span", { class: "mn-tag", text: say(`reads.${mark[0]}`) }));
    node.append(place, text, more, hop(read, reads) || "", make("div", { class: "mn-tags" }, ...marks));
    // Measured once it is laid out: only a text that is cut off gets "more".
    requestAnimationFrame(() => { more.hidden = text.scrollHeight <= text.clientHeight + 1; });
  }
  node.append(bar("reads.weight", read.weight, "weight"), bar("reads.score", read.score, "score"));
  if (!read.deleted) {
    node.append(make("div", { class: "mn-actions" },
      iconButton("pin", say(read.pinned ? "reads.unpin" : "reads.pin"), () => send("pin", read.id, { on: !read.pinned }), { "data-action": "pin", "aria-pressed": String(Boolean(read.pinned)) }),
      iconButton("mute", say(read.muted ? "reads.unmute" : "reads.mute"), () => send("mute", read.id, { on: !read.muted }), { "data-action": "mute", "aria-pressed": String(Boolean(read.muted)) }),
      iconButton("edit", say("reads.edit"), () => edit(read), { "data-action": "edit" }),
      iconButton("trash", say("reads.delete"), () => remove(read), { "data-action": "delete" })));
  }
  if (editing.has(read.id) && !read.deleted) editor(node, read);
  return node;
};

function draw() {
  const value = props.value || {};
  const reads = value.reads || [];
  const head = make("header", { class: "mn-reads-head" },
    make("h2", { text: say("reads.title") }),
    value.state === "read" && value.shortlisted ? make("span", { class: "mn-faint", text: say("reads.shortlisted", { count: value.shortlisted }) }) : null,
    iconButton("close", say("frame.close"), () => window.mneme.drawer(false), { class: "mn-icon-button mn-drawer-close" }));
  const body = make("div", { class: "mn-cards" });
  if (value.state === "reading") {
    body.append(make("p", { class: "mn-faint mn-pulse", text: say("chat.thinking") }));
  } else if (value.state !== "read") {
    body.append(make("p", { class: "mn-faint", text: say("reads.none_chosen") }));
  } else if (!reads.length) {
    body.append(make("div", { class: "mn-card mn-nothing", id: "not-from-memory" },
      make("h3", { text: say("reads.not_from_memory") }), make("p", { text: say("reads.not_from_memory_text") })));
  } else {
    body.append(...reads.map((read) => card(read, value.conversation, reads)));
    body.append(make("div", { class: "mn-null", title: say("reads.null_text") }, bar("reads.null", value.null_weight, "null")));
  }
  for (const id of editing.keys()) if (!reads.some((read) => read.id === id)) editing.delete(id);
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const { selectionStart, selectionEnd } = active || {};
  const written = active?.classList.contains("mn-edit-area") ? active.closest("[data-id]").dataset.id : "";
  root.replaceChildren(head, body);
  const again = written && area(written);
  if (again) { again.focus({ preventScroll: true }); again.setSelectionRange(selectionStart, selectionEnd); }
  if (value.message !== shown) { shown = value.message; body.scrollTop = 0; }
}
watch("value", draw);
draw();
