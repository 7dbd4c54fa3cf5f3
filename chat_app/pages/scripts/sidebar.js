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
  const input = make("input", { class: "mn-input", "aria-label": say("sidebar.rename"), maxlength: 120 });
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
  if (await ask({ title: say("sidebar.delete_title"), text, yes: say("sidebar.delete") })) send("delete", { id: item.id });
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
      click: () => { send("open", { id: item.id, message: item.message }); closeOnPhone(); } },
      make("span", { text: title }), item.excerpt ? make("span", { class: "mn-excerpt", text: item.excerpt }) : null),
    make("span", { class: "mn-row-actions" },
      iconButton("edit", say("sidebar.rename"), () => rename(node, item), { "data-action": "rename" }),
      iconButton("download", say("sidebar.export"), () => exporting(node, item), { "data-action": "export" }),
      iconButton("trash", say("sidebar.delete"), () => remove(item), { "data-action": "delete" })));
  return node;
};

function draw() {
  const value = props.value || {};
  const items = value.items || [];
  const nodes = [];
  let last = "";
  for (const item of items) {
    const name = day(item.updated);
    if (name !== last) nodes.push(make("h3", { class: "mn-day", text: name }));
    last = name;
    nodes.push(row(item, value.open));
  }
  if (!items.length) nodes.push(make("p", { class: "mn-faint", text: say(value.search ? "sidebar.no_match" : "sidebar.none") }));
  if (value.more) nodes.push(make("button", { type: "button", class: "mn-link", id: "sidebar-more", text: say("sidebar.more"), click: () => send("more", { text: search.value, shown: items.length }) }));
  list.replaceChildren(...nodes);
  // The open conversation is in the address, so that a reload comes back to it.
  if (!("open" in value)) return; // not loaded yet: the address says what to open
  const address = new URL(location.href);
  if ((address.searchParams.get("c") || "") !== (value.open || "")) {
    value.open ? address.searchParams.set("c", value.open) : address.searchParams.delete("c");
    history.replaceState(null, "", address);
  }
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
  make("button", { type: "button", id: "new-chat", class: "mn-button mn-new", click: () => { send("new"); closeOnPhone(); } }, icon("plus"), say("sidebar.new")),
  search, list,
  make("footer", { class: "mn-sidebar-foot" },
    choice("frame.theme", [["light", say("frame.light"), "sun"], ["dark", say("frame.dark"), "moon"], ["system", say("frame.system"), "screen"]],
      () => window.mneme.theme(), (value) => window.mneme.setTheme(value)),
    choice("frame.language", [["en", "EN"], ["zh", "中文"]], () => window.mneme.language, (value) => window.mneme.setLanguage(value)),
    window.mneme.guarded ? make("a", { id: "sign-out", class: "mn-icon-button", href: "/sign-out", title: say("sidebar.sign_out"), "aria-label": say("sidebar.sign_out") }, icon("leave")) : null));
watch("value", draw);
draw();
