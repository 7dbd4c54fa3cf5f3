// The memory page, part 2: the list. Data comes in `props.value`; the server gets ('select', {action, …, query, sequence})
// and, for a source, ('open_place', {type, container, …}).

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
    item.gate === "skip" ? badge(say("memory.unkept")) : null, item.after ? badge(say("memory.replaced")) : null,
    item.active ? null : badge(say("memory.other_branch")),
    place(item), moment(item.created), item.edited ? moment(item.edited, say("memory.edited", { when: ago(item.edited) })) : null,
    make("span", { class: "ml-read", text: read, title: item.last_read ? when(item.last_read) : null })));
  const other = (key, text) => make("div", { class: "ml-link" }, make("span", { text: say(key) }), make("q", { text: text.length > 160 ? `${text.slice(0, 160)}…` : text }));
  if (item.before && item.gate !== "skip") body.append(other(item.gate === "merge" ? "memory.says_again" : "memory.replaces", item.before));
  if (item.after) body.append(other("memory.replaced_by", item.after));
  if (item.gate !== "add") {
    const skipped = item.gate === "skip";
    body.append(textButton(say(skipped ? "memory.keep" : "memory.undo_change"), () => backend.request("undo", { id: item.id }), { class: "mn-button ml-quiet", id: `${id}-undo` }));
  }
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
  count.textContent = filtered() ? say("memory.count_of", { count: number(total), all: number(all) }) : many("memory.count", total);
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
