// Keys of programs and the log of who did what, below the models. Behind lists.js, in one scope with it.
// Data comes in `props.value`; the server gets ('select', {action, …, query: {offset}, sequence}).
let last = null; // the value shown
let made = null; // the new key, until the person says that they have it; nobody else ever gets it again
let asking = ""; // whose revocation is being asked about
let offset = 0; // of the log
const backend = conversationWithServer(() => ({ offset }), (value) => take(value));
const notice = noticeBar("access-notice");
const panel = (key, ...rest) => make("section", { class: "ml-panel", id: `access-${key}` },
  make("h3", { text: say(`access.${key}`) }), make("p", { text: say(`access.${key}_text`) }), ...rest);

// ---- keys -----------------------------------------------------------------------------------------
const name = make("input", { class: "mn-input", id: "access-name", autocomplete: "off", maxlength: "100", placeholder: say("access.name"), "aria-label": say("access.name") });
const makeKey = () => { if (name.value.trim()) backend.request("make", { name: name.value }); else name.focus(); };
name.addEventListener("keydown", (event) => { if (event.key === "Enter") makeKey(); });
const form = make("div", { class: "md-row" }, name, textButton(say("access.make"), makeKey, { id: "access-make", class: "mn-button mn-primary" }));
const [keys, log, warning, fresh] = ["key-list", "log-list", "unguarded", "made"].map((id) => make("div", { id: `access-${id}` }));
warning.append(make("p", { class: "ml-hint", text: say("access.unguarded") }));
const root = make("div", { class: "ml-page", id: "access-root" },
  make("header", { class: "ml-head" }, make("div", { class: "ml-titles" },
    make("h2", { text: say("access.title") }), make("p", { text: say("access.subtitle") })),
  make("div", { class: "ml-head-buttons" }, textButton(say("access.refresh"), () => backend.request("load"), { id: "access-refresh" }, icon("again")))),
  notice.node, panel("keys", warning, keys, fresh, form), panel("log", log));
element.querySelector(".ml-loading").replaceWith(root);

const keyCard = (key) => {
  const redraw = (id) => { asking = id; draw(); };
  const used = key.used ? say("access.used", { when: ago(key.used) }) : say("access.unused");
  const meta = make("div", { class: "ml-meta" }, moment(key.created, say("access.created", { when: when(key.created) })), make("span", { text: used }));
  const confirm = asking === key.id ? confirmRow(`access-confirm-${key.id}`, say("access.revoke_ask", { name: key.name }), say("access.revoke"),
    () => { asking = ""; backend.request("revoke", { id: key.id }); }, () => redraw("")) : null;
  return make("article", { class: "ml-card", role: "listitem", "data-key": key.id },
    make("div", { class: "ml-body" }, make("strong", { text: key.name }), meta, confirm),
    iconButton("trash", say("access.revoke_name", { name: key.name }), () => redraw(key.id), { id: `access-revoke-${key.id}` }));
};
const freshKey = () => {
  const text = make("input", { class: "mn-input", id: "access-secret", readonly: true, value: made.secret, "aria-label": say("access.keys") });
  text.addEventListener("focus", () => text.select());
  const copy = textButton(say("access.copy"), () => {
    text.select();
    navigator.clipboard?.writeText(made.secret).then(() => { copy.querySelector("span").textContent = say("access.copied"); }, () => {});
  }, { id: "access-copy" });
  return make("div", { class: "md-way", role: "status" }, make("p", { text: say("access.made", { name: made.name }) }),
    make("div", { class: "md-row" }, text, copy, textButton(say("access.done"), () => { made = null; draw(); name.focus(); }, { id: "access-done" })));
};

// ---- the log --------------------------------------------------------------------------------------
const entry = (row) => make("div", { class: "dg-line", "data-what": row.what, role: "listitem" },
  make("dt", {}, moment(row.time)),
  make("dd", {}, make("span", { text: many(`access.log_${row.what}`, row.count) }),
    row.address ? make("span", { class: "ml-hint", text: ` · ${say("access.from", { address: row.address })}`, title: row.request }) : null));

function draw() {
  keepingFocus(root, () => {
    warning.hidden = last.guarded;
    keys.replaceChildren(last.keys.length ? make("div", { class: "ml-list", role: "list" }, ...last.keys.map(keyCard))
      : make("p", { class: "ml-hint", text: say("access.none") }));
    if (!made || fresh.dataset.key !== made.id) { // what is being copied stays as it is
      fresh.replaceChildren(...(made ? [freshKey()] : []));
      fresh.dataset.key = made ? made.id : "";
    }
    form.hidden = Boolean(made);
    const rows = last.log.rows;
    log.replaceChildren(rows.length ? make("dl", { role: "list" }, ...rows.map(entry)) : make("p", { class: "ml-hint", text: say("access.log_none") }),
      ...[pager("access-pager", last.log.offset, last.log.limit, rows.length, last.log.total, (to) => { offset = to; backend.request("load"); })].filter(Boolean));
  });
}
function take(value) {
  if (value.notice) notice.show(value.notice.text || say(value.notice.key, value.notice.values), value.notice.tone);
  if (value.made) { made = value.made; name.value = ""; }
  if (!value.keys) return;
  last = value;
  draw();
}
backend.request("load");
