// Sets of memories in and below a reply: a list whose lines lead to their memories, and what may be forgotten, with its
// confirmation. In front of marks.js, in one scope with it. Text is only ever set with textContent.
const spared = new Map(); // reply → memories that a person took out of what is to be forgotten
const openMemory = (mark, memory) => { window.mneme.drawer(true); trigger("select", { action: "reads", id: mark.id, memory }); };
// The list is the end of the reply's own text, drawn by Gradio, and anew whenever it likes: attributes only.
const leadOn = (mark, row) => {
  const items = mark.recalled && !["forget", "forgotten", "kept"].includes(mark.recalled.operation) ? mark.recalled.items : [];
  if (!items.length) return;
  const lines = [...row.querySelectorAll(".message li")].slice(-items.length);
  if (lines.length < items.length) return;
  items.forEach((item, place) => {
    const node = lines[place];
    if (node.dataset.memory === item.id) return;
    node.dataset.memory = item.id;
    node.classList.add("mn-recalled");
    node.tabIndex = 0;
    node.setAttribute("role", "button");
    node.title = window.mneme.say("source.open");
    node.addEventListener("click", (event) => { event.stopPropagation(); openMemory(mark, item.id); });
    node.addEventListener("keydown", (event) => {
      if (event.target !== node || !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      openMemory(mark, item.id);
    });
  });
};
const forgetChoice = (mark) => {
  const { say, make, icon, day } = window.mneme;
  const set = mark.recalled;
  if (!set) return null;
  if (set.operation === "kept") return make("p", { class: "mn-forget-end", text: say("forget.kept") });
  if (set.operation === "forgotten" || (set.operation === "forget" && !set.items.length)) return make("p", { class: "mn-forget-end", text: say("forget.done") });
  if (set.operation !== "forget") return null;
  const left = spared.get(mark.id) || new Set(set.items.filter((item) => item.kind === "passage").map((item) => item.id));
  spared.set(mark.id, left);
  const yes = make("button", { type: "button", class: "mn-button mn-danger", "data-action": "forget" });
  const no = make("button", { type: "button", class: "mn-button", "data-action": "keep", text: say("forget.keep") });
  const chosen = () => set.items.filter((item) => !left.has(item.id)).map((item) => item.id);
  const count = () => {
    const many = chosen().length;
    yes.textContent = many === 1 ? say("forget.yes_one") : say("forget.yes", { count: many });
    yes.disabled = !many;
  };
  const send = (ids) => { yes.disabled = no.disabled = true; trigger("forget", { id: mark.id, ids }); };
  yes.addEventListener("click", () => send(chosen()));
  no.addEventListener("click", () => send([]));
  const whence = (item) => item.kind === "passage" ? (item.page ? say("source.page", { title: item.title, page: item.page }) : item.title)
    : item.role === "assistant" ? say("forget.assistant", { day: day(item.created) }) : day(item.created);
  const rows = set.items.map((item) => {
    const tick = make("input", { type: "checkbox", checked: !left.has(item.id), value: item.id });
    tick.addEventListener("change", () => { tick.checked ? left.delete(item.id) : left.add(item.id); count(); });
    return make("li", {}, make("label", { class: "mn-forget-one" }, tick,
      make("span", {}, make("span", { class: "mn-forget-text mn-clamped", text: item.text }), make("span", { class: "mn-faint", text: whence(item) }))));
  });
  count();
  return make("section", { class: "mn-forget", "aria-label": say("forget.title") },
    make("h3", {}, icon("trash"), say("forget.title")), make("ul", {}, ...rows),
    make("div", { class: "mn-forget-buttons" }, yes, no));
};
