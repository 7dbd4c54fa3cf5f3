// The sidebar: new chat, search, conversations grouped by day, theme and language. Nodes are built from text only.
const { say, make, icon, iconButton, ask, day } = window.mneme;
const root = element.querySelector(".mn-sidebar");
const send = (action, more = {}) => trigger("select", { action, ...more });

const closeOnPhone = () => {
  if (!window.mneme.phone()) return;
  const sidebar = element.closest(".sidebar");
  if (sidebar?.classList.contains("open")) sidebar.querySelector(".toggle-button")?.click();
};

const list = make("nav", { id: "sidebar-list", "aria-label": say("sidebar.list") });
let timer = 0;
const search = make("input", { id: "sidebar-search", class: "mn-input", type: "search", placeholder: say("sidebar.search"), "aria-label": say("sidebar.search") });
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => send("search", { text: search.value }), 200);
});

const rename = (row, item) => {
  const input = make("input", { class: "mn-input", "aria-label": say("sidebar.rename_of", { title: item.title || say("sidebar.untitled") }), maxlength: 120 });
  input.value = item.title || "";
  let ended = false;
  const end = (save) => {
    if (ended) return;
    ended = true;
    const title = input.value.trim();
    if (save && title && title !== item.title) { item.title = title; send("rename", { id: item.id, title }); }
    draw();
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") end(true);
    if (event.key === "Escape") end(false);
  });
  input.addEventListener("blur", () => end(true));
  row.replaceChildren(input);
  input.focus();
  input.select();
};

const remove = async (item) => {
  const text = say("sidebar.delete_text", { title: item.title || say("sidebar.untitled") });
  if (await ask({ title: say("sidebar.delete_title"), text, yes: say("sidebar.delete") })) { gone = item.id; send("delete", { id: item.id }); }
};

const exporting = (row, item) => {
  const link = (kind, ending) => make("a", { class: "mn-link", href: `files/conversations/${item.id}.${ending}`, download: "", "data-export": ending,
    "aria-label": say("sidebar.export_as", { kind }), text: kind, click: () => setTimeout(draw) });
  row.replaceChildren(make("span", { class: "mn-row-title", text: say("sidebar.export") }), link("Markdown", "md"), link("JSON", "json"),
    iconButton("close", say("frame.cancel"), draw));
  row.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); draw(); } });
  row.querySelector("a").focus();
};

const row = (item, open) => {
  const node = make("div", { class: `mn-row${item.id === open ? " mn-open" : ""}`, "data-id": item.id });
  const title = item.title || say("sidebar.untitled");
  node.append(
    make("button", { type: "button", class: "mn-row-title", title, "aria-current": item.id === open ? "page" : null,
      click: () => leave("open", { id: item.id, message: item.message }) },
      make("span", { text: title }), item.excerpt ? make("span", { class: "mn-excerpt", text: item.excerpt }) : null),
    make("span", { class: "mn-row-actions" },
      iconButton(item.pinned ? "unpin" : "pin", say(item.pinned ? "sidebar.unpin_of" : "sidebar.pin_of", { title }), () => send("pin", { id: item.id, on: !item.pinned, text: search.value }), { "data-action": "pin", "aria-pressed": String(Boolean(item.pinned)) }),
      iconButton("edit", say("sidebar.rename_of", { title }), () => rename(node, item), { "data-action": "rename" }),
      iconButton("download", say("sidebar.export_of", { title }), () => exporting(node, item), { "data-action": "export" }),
      iconButton("trash", say("sidebar.delete_of", { title }), () => remove(item), { "data-action": "delete" })));
  return node;
};

let shown, gone; // the conversation that is open (null: a temporary one), and the one deleted last
window.mneme.address.listen(({ c }) => { if (c !== (shown ?? "") || (shown === null && c)) send(c ? "open" : "new", { id: c }); });
// Away from a temporary chat, which is gone then.
const leave = async (action, more = {}) => {
  const spoken = document.body.classList.contains("mn-temporary") && !document.body.classList.contains("mn-empty");
  if (spoken && !(await ask({ title: say("mode.close_title"), text: say("mode.close_text"), yes: say("mode.close") }))) return;
  send(action, more);
  closeOnPhone();
};

function draw() {
  const value = props.value || {};
  const items = value.items || [];
  const nodes = [];
  let last = "";
  for (const item of items) {
    const name = item.pinned ? say("sidebar.pinned") : day(item.updated);
    if (name !== last) nodes.push(make("h3", { class: "mn-day", text: name }));
    last = name;
    nodes.push(row(item, value.open));
  }
  if (!items.length) nodes.push(make("p", { class: "mn-faint", text: say(value.search ? "sidebar.no_match" : "sidebar.none") }));
  if (value.more) nodes.push(make("button", { type: "button", class: "mn-link", id: "sidebar-more", text: say("sidebar.more"), click: () => send("more", { text: search.value, shown: items.length }) }));
  list.replaceChildren(...nodes);
  if (!("open" in value)) return; // not loaded yet: the address says what to open
  document.body.classList.add("mn-filled");
  const open = value.open || "", key = value.temporary ? null : open;
  if (key === shown) return;
  const became = Boolean(value.became) && shown === "";
  window.mneme.address.set({ c: open }, shown === undefined || became || (open === "" && gone === shown));
  window.mneme.drafts(key, became);
  shown = key;
}

const choice = (name, options, current, change) => make("div", { class: "mn-choice", role: "group", "aria-label": say(name) },
  ...options.map(([value, title, shape]) => make("button", { type: "button", title, "aria-label": title, "data-value": value,
    "aria-pressed": String(value === current()),
    click: (event) => {
      change(value);
      event.currentTarget.parentElement.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.value === current())));
    } }, shape ? icon(shape) : title)));

root.replaceChildren(
  make("div", { class: "mn-brand" }, make("span", { class: "mn-logo", "aria-hidden": "true" }), make("span", { text: "Mneme" })),
  make("div", { class: "mn-new-row" },
    make("button", { type: "button", id: "new-chat", class: "mn-button mn-new", click: () => leave("new") }, icon("plus"), say("sidebar.new")),
    iconButton("trace", say("sidebar.temporary"), () => leave("temporary"), { class: "mn-button mn-new-temporary", id: "temporary-chat" }),
    iconButton("search", say("keys.jump"), () => window.mneme.jump(), { class: "mn-button mn-new-temporary", id: "open-jump" })),
  search, list,
  make("footer", { class: "mn-sidebar-foot" },
    choice("frame.theme", [["light", say("frame.light"), "sun"], ["dark", say("frame.dark"), "moon"], ["system", say("frame.system"), "screen"]],
      () => window.mneme.theme(), (value) => window.mneme.setTheme(value)),
    choice("frame.language", [["en", "EN"], ["zh", "中文"]], () => window.mneme.language, (value) => window.mneme.setLanguage(value)),
    window.mneme.guarded ? make("a", { id: "sign-out", class: "mn-icon-button", href: "/sign-out", title: say("sidebar.sign_out"), "aria-label": say("sidebar.sign_out") }, icon("leave")) : null));
watch("value", draw);
draw();
