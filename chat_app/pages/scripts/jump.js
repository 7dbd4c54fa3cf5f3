// The jump box: Ctrl/⌘+K, then words. A combobox over conversations, documents, memories (from the server) and pages.
const { say, make, icon } = window.mneme;
const PAGES = ["chat", "memory", "documents", "training", "models"];
const SYMBOLS = { page: "go", conversation: "chat", document: "file", memory: "note", note: "note" };
let dialog = null, input = null, list = null, count = null, at = 0, timer = 0, drawn = [], entered = false;

const go = (item) => {
  close();
  if (item.kind === "page") window.mneme.address.turn(item.id);
  else if (item.kind === "note") window.mneme.address.turn("memory");
  else if (item.kind === "conversation") trigger("conversation", { action: "open", id: item.id, message: item.message });
  else if (item.kind === "document") trigger("document", { id: item.id });
  else trigger("memory", { memory: item.id });
};
const words = () => input.value.trim();
const items = () => {
  const text = input.value.trim().toLowerCase();
  const pages = PAGES.map((id) => ({ kind: "page", id, title: say(`frame.${id}`) })).filter((one) => one.title.toLowerCase().includes(text));
  const found = (props.value || {}).items || [];
  return [...found.filter((one) => one.kind === "conversation"), ...pages, ...found.filter((one) => one.kind !== "conversation")];
};
const mark = () => {
  const options = [...list.querySelectorAll("[role=option]")];
  at = Math.max(0, Math.min(at, options.length - 1));
  options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
  options[at] ? input.setAttribute("aria-activedescendant", options[at].id) : input.removeAttribute("aria-activedescendant");
  options[at]?.scrollIntoView({ block: "nearest" });
};
const draw = () => {
  if (!dialog || (props.value || {}).asked !== words()) return; // the answer to what stands there comes
  const nodes = [], all = drawn = items();
  let last = "";
  all.forEach((item, place) => {
    const kind = item.kind === "note" ? "memorie" : item.kind === "memory" ? "memorie" : item.kind;
    if (kind !== last) nodes.push(make("div", { class: "mn-day", role: "presentation", text: say(`jump.${kind}s`) }));
    last = kind;
    nodes.push(make("div", { class: "mn-jump-item", role: "option", id: `jump-${place}`, "data-kind": item.kind, "data-id": item.id, click: () => go(item) },
      icon(SYMBOLS[item.kind]), make("span", { class: "mn-jump-text" }, make("span", { text: item.title || say("sidebar.untitled") }),
        item.text ? make("span", { class: "mn-excerpt", text: item.text }) : null)));
  });
  const told = all.length === 1 ? say("jump.found_one") : say(all.length ? "jump.found" : "jump.none", { count: all.length });
  if (!all.length) nodes.push(make("p", { class: "mn-faint", text: told }));
  count.textContent = told;
  list.replaceChildren(...nodes);
  list.dataset.asked = words();
  at = 0;
  mark();
  if (entered && drawn[0]) go(drawn[0]);
  entered = false;
};
const ask = () => trigger("select", { action: "find", text: words() });
const close = () => { dialog?.close(); dialog?.remove(); dialog = null; };
const open = () => {
  if (dialog || document.querySelector("dialog[open]")) return;
  list = make("div", { class: "mn-jump-list", role: "listbox", id: "jump-list", "aria-label": say("jump.results") });
  count = make("div", { class: "mn-hidden", role: "status" });
  input = make("input", { class: "mn-input", id: "jump-input", type: "text", role: "combobox", autocomplete: "off", maxlength: 200, "aria-expanded": "true",
    "aria-controls": "jump-list", "aria-autocomplete": "list", "aria-label": say("jump.title"), placeholder: say("jump.placeholder") });
  input.addEventListener("input", () => { entered = false; clearTimeout(timer); timer = setTimeout(ask, 120); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); at += step; mark(); }
    if (event.key === "Enter") {
      event.preventDefault();
      if (list.dataset.asked !== words()) entered = true; // as soon as the answer is there
      else if (drawn[at]) go(drawn[at]);
    }
  });
  dialog = make("dialog", { class: "mn-dialog mn-jump", id: "jump-dialog", "aria-label": say("jump.title") }, input, count, list);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  entered = false;
  draw();
  ask();
};
window.mneme.jump = open;
window.mneme.openDocument = (id) => trigger("document", { id });
watch("value", draw);
