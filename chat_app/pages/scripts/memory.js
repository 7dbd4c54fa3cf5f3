// The memory page: toolbar, list of memories, note by hand, import and export. Data comes in `props.value`; the server
// gets ('select', {action, …, query, sequence}) and, for a source, ('open_place', {type, container, …}).
const query = { search: "", kind: "", container: "", state: "", since: null, until: null, offset: 0 };
const selected = new Set();
const editing = new Map(); // id → text not saved yet
const asking = new Set(); // ids whose deletion is being asked about
const unfolded = new Set();
let shown = null; // the last value that carried a page of memories

// ---- asking the server ----------------------------------------------------------------------------
const backend = conversationWithServer(() => ({ ...query }), (value) => take(value));
const load = () => backend.request("load");
const fresh = () => { query.offset = 0; load(); };

// ---- frame: built once, so that typing is never interrupted ----------------------------------------
const count = make("span", { class: "ml-count", id: "memory-count" });
const notice = noticeBar("memory-notice");
const search = make("input", {
  type: "search", class: "mn-input", id: "memory-search", "aria-label": say("memory.search"), placeholder: say("memory.search"), autocomplete: "off",
});
let typing = 0;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { query.search = search.value.trim(); fresh(); }, 250);
});

const choice = (id, name, options, changed) => {
  const select = make("select", { class: "mn-input ml-select", id, "aria-label": name, title: name },
    ...options.map(([value, text]) => make("option", { value, text })));
  select.addEventListener("change", () => { select.classList.toggle("ml-set", select.value !== ""); changed(select.value); });
  return select;
};
const kind = choice("memory-kind", say("memory.kind"), [
  ["", say("memory.kind_all")], ["turn", say("memory.kind_turn")], ["passage", say("memory.kind_passage")], ["note", say("memory.kind_note")],
], (value) => { query.kind = value; fresh(); });
const state = choice("memory-state", say("memory.state"), [
  ["", say("memory.state_all")], ["pinned", say("memory.state_pinned")], ["muted", say("memory.state_muted")],
], (value) => { query.state = value; fresh(); });
const source = choice("memory-source", say("memory.source"), [["", say("memory.source_all")]],
  (value) => { query.container = value; fresh(); });

const day = (id, name) => {
  const input = make("input", { type: "date", class: "mn-input", id, "aria-label": name });
  input.addEventListener("change", () => setTime("custom"));
  return input;
};
const from = day("memory-from", say("memory.from"));
const to = day("memory-to", say("memory.to"));
const dates = make("span", { class: "ml-dates", hidden: true }, make("span", { text: say("memory.from") }), from, make("span", { text: say("memory.to") }), to);
const midnight = (text, days = 0) => {
  const [year, month, date] = text.split("-").map(Number);
  return new Date(year, month - 1, date + days).getTime() / 1000;
};
const setTime = (value) => {
  const now = new Date();
  const back = (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime() / 1000;
  dates.hidden = value !== "custom";
  query.since = { today: back(0), week: back(6), month: back(29) }[value] ?? (value === "custom" && from.value ? midnight(from.value) : null);
  query.until = value === "custom" && to.value ? midnight(to.value, 1) : null; // the whole last day
  fresh();
};
const time = choice("memory-time", say("memory.time"), [
  ["", say("memory.time_all")], ["today", say("memory.time_today")], ["week", say("memory.time_week")],
  ["month", say("memory.time_month")], ["custom", say("memory.time_custom")],
], setTime);
const filtered = () => Boolean(query.search || query.kind || query.container || query.state || query.since || query.until);
const clearFilters = () => {
  search.value = from.value = to.value = "";
  for (const select of [kind, state, source, time]) { select.value = ""; select.classList.remove("ml-set"); }
  dates.hidden = true;
  Object.assign(query, { search: "", kind: "", container: "", state: "", since: null, until: null });
  fresh();
};
const clear = textButton(say("memory.clear_filters"), clearFilters, { class: "mn-button ml-quiet", id: "memory-clear-filters", hidden: true });

// ---- a note by hand -------------------------------------------------------------------------------
const noteText = make("textarea", { class: "mn-input", id: "memory-note", rows: 3, "aria-label": say("memory.add_label"), placeholder: say("memory.add_label") });
const noteSave = make("button", { type: "submit", class: "mn-button mn-primary", id: "memory-note-save", text: say("memory.add_save") });
const notePanel = make("form", { class: "ml-panel", id: "memory-note-panel", hidden: true }, noteText,
  make("div", { class: "ml-panel-buttons" }, textButton(say("memory.cancel"), () => toggleNote(false), { id: "memory-note-cancel" }), noteSave));
const toggleNote = (open) => {
  notePanel.hidden = !open;
  if (open) noteText.focus(); else { noteText.value = ""; add.focus(); }
};
notePanel.addEventListener("submit", (event) => {
  event.preventDefault();
  if (noteText.value.trim()) backend.request("add", { text: noteText.value });
});
notePanel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { event.stopPropagation(); toggleNote(false); }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) notePanel.requestSubmit();
});
const add = textButton(say("memory.add"), () => toggleNote(notePanel.hidden), { id: "memory-add", class: "mn-button mn-primary" }, icon("plus"));

// ---- export, import, delete everything ------------------------------------------------------------
const menu = make("div", { class: "ml-menu", id: "memory-menu", hidden: true });
const file = make("input", { type: "file", accept: ".jsonl,.json,.txt", id: "memory-import-file", hidden: true, "aria-label": say("memory.import"), tabindex: -1 });
file.addEventListener("change", async () => {
  const chosen = file.files[0];
  file.value = "";
  if (!chosen) return;
  const answer = await sendFile("files/import", chosen, () => {});
  if (answer.error) notice.show(say("memory.import_failed", { name: chosen.name, why: answer.error }), "bad");
  load();
});
const closeMenu = () => { menu.hidden = true; more.setAttribute("aria-expanded", "false"); };
const more = glyphButton("dots", say("memory.more"), () => {
  menu.hidden = !menu.hidden;
  more.setAttribute("aria-expanded", String(!menu.hidden));
  if (!menu.hidden) menu.querySelector("a, button").focus();
}, { id: "memory-more", "aria-expanded": "false", "aria-controls": "memory-menu" });
const exportLink = make("a", { class: "mn-button", id: "memory-export", href: "files/memories.jsonl", download: "", click: closeMenu }, glyph("download"), make("span", { text: say("memory.export") }));
menu.append(exportLink,
  textButton(say("memory.import"), () => { closeMenu(); file.click(); }, { id: "memory-import" }, glyph("upload")),
  textButton(say("memory.delete_all"), () => { closeMenu(); askEverything(); }, { id: "memory-delete-all", class: "mn-button ml-dangerous" }, icon("trash")));
element.addEventListener("click", (event) => { if (!event.target.closest(".ml-menu-place")) closeMenu(); });
element.addEventListener("keydown", (event) => { if (event.key === "Escape" && !menu.hidden) { closeMenu(); more.focus(); } });

const everything = make("form", { class: "ml-panel ml-danger-panel", id: "memory-delete-all-panel", hidden: true });
const askEverything = () => {
  const word = make("input", { class: "mn-input", id: "memory-delete-all-word", autocomplete: "off", "aria-label": say("memory.delete_all_label"), placeholder: say("memory.delete_all_label") });
  const yes = make("button", { type: "submit", class: "mn-button mn-danger", id: "memory-delete-all-yes", text: say("memory.delete_all_yes"), disabled: true });
  const agreed = () => ["DELETE", "删除"].includes(word.value.trim());
  const hide = () => { everything.hidden = true; more.focus(); };
  word.addEventListener("input", () => { yes.disabled = !agreed(); });
  word.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); hide(); } });
  everything.onsubmit = (event) => {
    event.preventDefault();
    if (agreed()) { everything.hidden = true; backend.request("delete_everything", { word: word.value.trim() }); }
  };
  everything.replaceChildren(make("h3", { text: say("memory.delete_all_title", { count: number(shown?.all || 0) }) }),
    make("p", { text: say("memory.delete_all_text") }), word,
    make("div", { class: "ml-panel-buttons" }, textButton(say("memory.cancel"), hide, { id: "memory-delete-all-no" }), yes));
  everything.hidden = false;
  word.focus();
};

const imports = make("div", { class: "ml-jobs", id: "memory-imports", "aria-live": "polite" });
const drawImports = (jobs) => {
  imports.replaceChildren(...jobs.map((job) => {
    if (!job.finished) {
      const name = say("memory.importing", { name: job.name });
      return make("div", { class: "ml-job" }, make("div", { class: "ml-job-line" }, make("span", { class: "ml-job-name", text: name }),
        make("span", { class: "ml-job-state", text: say("documents.percent", { percent: Math.round(job.fraction * 100) }) }),
        iconButton("close", say("documents.cancel", { name: job.name }), () => backend.request("cancel_import", { id: job.id }))),
      progressBar(job.fraction, name));
    }
    const key = { done: "imported", cancelled: "import_cancelled" }[job.state] || "import_failed";
    const text = say(`memory.${key}`, { name: job.name, why: job.message, added: number(job.added), skipped: number(job.skipped) });
    return make("div", { class: `ml-job ml-${job.state === "failed" ? "bad" : "good"}`, "data-state": job.state },
      make("div", { class: "ml-job-line" }, glyph(job.state === "failed" ? "warning" : "check"), make("span", { class: "ml-job-name", text }),
        iconButton("close", say("memory.dismiss"), () => backend.request("clear_imports"))));
  }));
};

// ---- the list -------------------------------------------------------------------------------------
const list = make("div", { class: "ml-list", id: "memory-list", role: "list" });
const foot = make("div", {});
const bar = make("div", { class: "ml-bar", id: "memory-selection", hidden: true });

const place = (item) => {
  if (!item.source) return null;
  const name = item.source.title || say(item.source.exists ? "memory.untitled" : "memory.gone");
  const where = [name, item.page ? say("memory.page", { page: item.page }) : "", item.heading].filter(Boolean).join(" · ");
  const mark = icon(item.source.type === "document" ? "file" : "chat");
  if (!item.source.exists) return make("span", { class: "ml-source" }, mark, make("span", { text: where }));
  return make("button", {
    type: "button", class: "ml-source", title: say("memory.go", { source: name }),
    click: () => trigger("open_place", {
      type: item.source.type, container: item.source.id, memory: item.id, position: item.position, page: item.page,
    }),
  }, mark, make("span", { text: where }));
};
const speaker = (item) => {
  if (item.kind !== "turn") return say(`memory.${item.kind}`);
  return item.speaker || say(item.role === "assistant" ? "memory.assistant" : "memory.you");
};
const badge = (text, extra = "") => make("span", { class: `ml-badge ${extra}`, text });

const card = (item) => {
  const id = `memory-${item.id}`;
  const node = make("article", { class: "ml-card", role: "listitem", id, "data-kind": item.kind, "data-pinned": item.pinned || null, "data-muted": item.muted || null });
  const mark = make("input", { type: "checkbox", class: "ml-check", id: `${id}-select`, "aria-label": say("memory.select") });
  mark.checked = selected.has(item.id);
  mark.addEventListener("change", () => {
    if (mark.checked) selected.add(item.id); else selected.delete(item.id);
    node.classList.toggle("ml-chosen", mark.checked);
    drawBar();
  });
  node.classList.toggle("ml-chosen", mark.checked);
  const redraw = () => keepingFocus(element, () => node.replaceWith(card(item)));

  const text = make("div", { class: "ml-text", text: item.text });
  const body = make("div", { class: "ml-body" });
  if (editing.has(item.id)) {
    const area = make("textarea", { class: "mn-input", id: `${id}-text`, "aria-label": say("memory.edit_label"), rows: Math.min(12, Math.max(3, Math.ceil(item.text.length / 80) + 1)) });
    area.value = editing.get(item.id);
    const stop = () => { editing.delete(item.id); redraw(); element.querySelector(`[id="${CSS.escape(`${id}-edit`)}"]`)?.focus(); };
    const save = () => {
      if (area.value.trim() === item.text) stop();
      else if (area.value.trim()) backend.request("edit", { id: item.id, text: area.value });
    };
    area.addEventListener("input", () => editing.set(item.id, area.value));
    area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.stopPropagation(); stop(); }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
    });
    body.append(area, make("div", { class: "ml-panel-buttons" }, make("span", { class: "ml-hint", text: say("memory.edit_hint") }),
      textButton(say("memory.cancel"), stop, { id: `${id}-edit-cancel` }),
      textButton(say("memory.save"), save, { class: "mn-button mn-primary", id: `${id}-save` })));
  } else {
    body.append(text);
    const long = item.text.length > 600 || item.text.split("\n").length > 8;
    if (long) {
      const open = unfolded.has(item.id);
      text.classList.toggle("ml-folded", !open);
      body.append(textButton(say(open ? "memory.show_less" : "memory.show_all"), () => {
        if (open) unfolded.delete(item.id); else unfolded.add(item.id);
        redraw();
      }, { class: "mn-button ml-quiet", id: `${id}-fold`, "aria-expanded": String(open) }));
    }
  }
  const read = !item.read_count ? say("memory.never_read")
    : item.read_count === 1 ? say("memory.read_once", { when: ago(item.last_read) })
      : say("memory.read_times", { count: number(item.read_count), when: ago(item.last_read) });
  body.append(make("div", { class: "ml-meta" }, badge(speaker(item), `ml-kind-${item.kind}`),
    item.pinned ? badge(say("memory.pinned"), "ml-badge-pinned") : null, item.muted ? badge(say("memory.muted"), "ml-badge-muted") : null,
    item.active ? null : badge(say("memory.other_branch")),
    place(item), moment(item.created), item.edited ? moment(item.edited, say("memory.edited", { when: ago(item.edited) })) : null,
    make("span", { class: "ml-read", text: read, title: item.last_read ? when(item.last_read) : null })));
  if (asking.has(item.id)) {
    const refuse = () => { asking.delete(item.id); redraw(); element.querySelector(`[id="${CSS.escape(`${id}-delete`)}"]`)?.focus(); };
    body.append(confirmRow(`${id}-confirm`, say("memory.delete_ask"), say("memory.delete"),
      () => { asking.delete(item.id); backend.request("delete", { ids: [item.id] }); }, refuse));
  }
  const toggle = (name, on, titles) => iconButton(name, say(titles[on ? 1 : 0]), () => backend.request("mark", { ids: [item.id], [on ? `un${name}` : name]: true }),
    { id: `${id}-${name}`, "aria-pressed": String(on), class: `mn-icon-button ${on ? "ml-on" : ""}` });
  node.append(mark, body, make("div", { class: "ml-actions" },
    toggle("pin", item.pinned, ["memory.pin", "memory.unpin"]), toggle("mute", item.muted, ["memory.mute", "memory.unmute"]),
    iconButton("edit", say("memory.edit"), () => {
      editing.set(item.id, item.text);
      redraw();
      element.querySelector(`[id="${CSS.escape(`${id}-text`)}"]`)?.focus();
    }, { id: `${id}-edit` }),
    iconButton("trash", say("memory.delete"), () => {
      asking.add(item.id);
      redraw();
      element.querySelector(`[id="${CSS.escape(`${id}-confirm-no`)}"]`)?.focus();
    }, { id: `${id}-delete` })));
  return node;
};

const drawBar = () => {
  bar.hidden = selected.size === 0;
  if (bar.hidden) return;
  const ask = () => {
    const row = confirmRow("memory-delete-selected-confirm", selected.size === 1 ? say("memory.delete_ask") : say("memory.delete_many", { count: number(selected.size) }),
      say("memory.delete"), () => backend.request("delete", { ids: [...selected] }), drawBar);
    bar.replaceChildren(row);
    row.querySelector("#memory-delete-selected-confirm-no").focus();
  };
  bar.replaceChildren(make("span", { class: "ml-bar-count", text: say("memory.selected", { count: number(selected.size) }) }),
    textButton(say("memory.select_page"), () => { shown.items.forEach((item) => selected.add(item.id)); draw(); }, { class: "mn-button ml-quiet", id: "memory-select-page", hidden: !shown.items.length }),
    textButton(say("memory.clear_selection"), () => { selected.clear(); draw(); }, { class: "mn-button ml-quiet", id: "memory-clear-selection" }),
    textButton(say("memory.delete"), ask, { class: "mn-button mn-danger", id: "memory-delete-selected" }, icon("trash")));
};

let knownSources = "";
const drawSources = (sources) => {
  if (JSON.stringify(sources) === knownSources) return;
  knownSources = JSON.stringify(sources);
  const group = (type, name) => {
    const some = sources.filter((one) => one.type === type);
    return some.length ? make("optgroup", { label: name }, ...some.map((one) => make("option", { value: one.id, text: one.title || say("memory.untitled") }))) : null;
  };
  source.replaceChildren(...[make("option", { value: "", text: say("memory.source_all") }),
    group("conversation", say("memory.source_conversations")), group("document", say("memory.source_documents"))].filter(Boolean));
  source.value = query.container;
  if (source.selectedIndex < 0) { query.container = ""; source.value = ""; source.classList.remove("ml-set"); fresh(); }
};

const draw = () => keepingFocus(element, () => {
  const { items, total, all, offset, limit } = shown;
  count.textContent = filtered() ? say("memory.count_of", { count: number(total), all: number(all) }) : many("memory.count", all);
  clear.hidden = !filtered();
  list.replaceChildren(...items.map(card));
  if (!items.length) {
    list.replaceChildren(filtered()
      ? emptyState(glyph("search"), say("memory.no_match_title"), say("memory.no_match_text"))
      : emptyState(icon("note"), say("memory.empty_title"), say("memory.empty_text")));
  }
  foot.replaceChildren(...[pager("memory-pager", offset, limit, items.length, total, (to) => {
    query.offset = to;
    load();
    element.scrollIntoView({ block: "start" });
  })].filter(Boolean));
  drawBar();
});

const take = (value) => {
  const ready = value.status.ready;
  tools.hidden = !ready;
  exportLink.hidden = !value.all;
  for (const id of value.removed || []) { selected.delete(id); editing.delete(id); asking.delete(id); }
  if (value.done === "edit") editing.delete(value.id);
  if (value.done === "add") toggleNote(false);
  if (value.done === "delete_everything") { selected.clear(); editing.clear(); asking.clear(); }
  if (value.notice) notice.show(value.notice.key ? say(value.notice.key, value.notice.values) : value.notice.text, value.notice.tone);
  if (!ready || !value.items) {
    if (!shown || !ready) { list.replaceChildren(statusPanel(value.status, "memory-status")); foot.replaceChildren(); }
    if (value.status.phase !== "failed") backend.again(1000);
    return;
  }
  shown = value;
  query.offset = value.offset;
  drawSources(value.sources);
  drawImports(value.imports);
  draw();
  if (value.imports.some((job) => !job.finished)) backend.again(500);
};

const tools = make("div", { class: "ml-tools", hidden: true },
  make("div", { class: "ml-search" }, glyph("search"), search),
  make("div", { class: "ml-filters" }, kind, time, source, state, dates, clear));
element.replaceChildren(make("div", { class: "ml-page", id: "memory-root" },
  make("header", { class: "ml-head" }, make("div", { class: "ml-titles" }, make("h2", {}, make("span", { text: say("memory.title") }), count), make("p", { text: say("memory.intro") })),
    make("div", { class: "ml-head-buttons" }, add, make("div", { class: "ml-menu-place" }, more, menu))),
  file, notePanel, everything, tools, imports, notice.node, bar, list, foot));
load();
