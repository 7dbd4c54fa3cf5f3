// The memory page, part 1: search and filters, note by hand, export, import, delete everything. Put in front of memory.js.
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
  ["", say("memory.state_current")], ["pinned", say("memory.state_pinned")], ["muted", say("memory.state_muted")],
  ["changes", say("memory.state_changes")], ["replaced", say("memory.state_replaced")], ["unkept", say("memory.state_unkept")], ["all", say("memory.state_all")],
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
const file = make("input", { type: "file", accept: ".jsonl,.json,.zip,.txt", id: "memory-import-file", hidden: true, "aria-label": say("memory.import"), tabindex: -1 });
file.addEventListener("change", async () => {
  const chosen = file.files[0];
  file.value = "";
  if (!chosen) return;
  const answer = await sendFile("files/import", chosen, () => {});
  if (answer.job) arriving.add(answer.job);
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
const exportOf = (kind, ending) => make("a", { class: "mn-button", id: `memory-export-${kind}`, href: `files/conversations.${ending}`, download: "", click: closeMenu },
  glyph("download"), make("span", { text: say(`memory.export_${kind}`) }));
menu.append(exportLink, exportOf("markdown", "zip"), exportOf("json", "json"),
  textButton(say("memory.import"), () => { closeMenu(); file.click(); }, { id: "memory-import", title: say("memory.import_title") }, glyph("upload")),
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
const arriving = new Set(); // ids of imports under way: their conversations belong into the sidebar's list in the end
const drawImports = (jobs) => {
  for (const job of jobs) {
    if (!job.finished) arriving.add(job.id);
    else if (arriving.delete(job.id) && job.report) document.getElementById("sidebar-search")?.dispatchEvent(new Event("input"));
  }
  imports.replaceChildren(...jobs.map((job) => {
    if (!job.finished) {
      const name = say("memory.importing", { name: job.name });
      return make("div", { class: "ml-job" }, make("div", { class: "ml-job-line" }, make("span", { class: "ml-job-name", text: name }),
        make("span", { class: "ml-job-state", text: say("documents.percent", { percent: Math.round(job.fraction * 100) }) }),
        iconButton("close", say("documents.cancel", { name: job.name }), () => backend.request("cancel_import", { id: job.id }))),
      progressBar(job.fraction, name));
    }
    const key = { done: job.report ? "imported_conversations" : "imported", cancelled: "import_cancelled" }[job.state] || "import_failed";
    const told = say(`memory.${key}`, { name: job.name, why: job.message, added: number(job.added), skipped: number(job.skipped) });
    const text = [told, ...(job.report || [])].join(" ");
    return make("div", { class: `ml-job ml-${job.state === "failed" ? "bad" : "good"}`, "data-state": job.state },
      make("div", { class: "ml-job-line" }, glyph(job.state === "failed" ? "warning" : "check"), make("span", { class: "ml-job-name", text }),
        iconButton("close", say("memory.dismiss"), () => backend.request("clear_imports"))));
  }));
};
