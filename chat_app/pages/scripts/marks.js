// What stands under each message: versions to switch between, and which reply the panel shows. Decorates Gradio's chat.
const { say, make, icon, iconButton, ask } = window.mneme;
const chat = () => document.querySelector("#chat");
const send = (action, id) => trigger("select", { action, id });
const turn = (mark, version) => trigger("branch", { kind: "switch", message: mark.id, version });

const line = (mark, chosen) => {
  const nodes = (mark.files || []).map((file) => make("button", { type: "button", class: "mn-chip mn-file", title: say("chat.open_file", { name: file.name }),
    click: () => window.mneme.openDocument(file.id) }, icon("file"), make("span", { text: file.name })));
  if (mark.versions > 1) {
    nodes.push(make("span", { class: "mn-versions" },
      iconButton("left", say("chat.earlier"), () => turn(mark, mark.earlier), { disabled: !mark.earlier, "data-action": "earlier" }),
      make("span", { text: `${mark.version}/${mark.versions}` }),
      iconButton("right", say("chat.later"), () => turn(mark, mark.later), { disabled: !mark.later, "data-action": "later" })));
  }
  if (mark.role === "assistant" && mark.reads !== null && mark.reads !== undefined) {
    const text = mark.reads === 0 ? say("chat.no_reads") : mark.reads === 1 ? say("chat.read_one") : say("chat.reads", { count: mark.reads });
    nodes.push(make("button", { type: "button", class: `mn-chip${mark.id === chosen ? " mn-chosen" : ""}`, "aria-pressed": String(mark.id === chosen),
      click: () => { window.mneme.drawer(true); send("reads", mark.id); } }, icon("panel"), text));
  }
  if (mark.off_record && !document.body.classList.contains("mn-temporary")) {
    nodes.push(make("span", { class: "mn-faint mn-off", title: say("mode.off_record_text") }, icon("pause"), say("mode.off_record")));
  }
  if (mark.before) nodes.push(make("span", { class: "mn-faint mn-pulse mn-before", role: "status", text: say("chat.before", { count: mark.before }) }));
  if (mark.ended === "stopped") nodes.push(make("span", { class: "mn-faint", text: say("chat.stopped") }));
  if (mark.ended === "time") nodes.push(make("span", { class: "mn-faint", text: say("chat.late") }));
  if (mark.ended === "length") nodes.push(make("span", { class: "mn-faint", text: say("chat.cut") }));
  if (mark.unanswered) nodes.push(make("button", { type: "button", class: "mn-chip mn-again", click: () => trigger("reply_again") }, icon("again"), say("chat.again")));
  return nodes.length ? make("div", { class: "mn-mark", "data-id": mark.id }, ...nodes) : null;
};

const live = make("div", { class: "mn-hidden", role: "status" });
element.append(live);
// Gradio draws the messages a little after their value came, and again while a reply streams: decorate after each change.
let wanted = "";
const decorate = () => {
  const value = props.value || {};
  const rows = chat()?.querySelectorAll(".message-row") || [];
  (value.messages || []).forEach((mark, index) => {
    const row = rows[index];
    if (!row) return;
    const told = sourceLine(mark);
    leadOn(mark, row);
    const kept = keptLine(mark);
    const key = JSON.stringify([{ ...mark, source: sources.get(mark.id), kept: keptLines.get(mark.id) }, value.chosen === mark.id]);
    const old = row.querySelector(":scope .mn-mark-place");
    if (old?.dataset.key === key) return;
    const place = old || make("div", { class: "mn-mark-place" });
    place.dataset.key = key;
    const node = line(mark, value.chosen);
    place.replaceChildren(...[told, kept, forgetChoice(mark), node].filter(Boolean));
    row.dataset.message = mark.id;
    if (!old) (row.querySelector(".flex-wrap") || row).append(place);
  });
  for (let index = (value.messages || []).length; index < rows.length; index++) rows[index].querySelector(".mn-mark-place")?.remove();
  // The sign that a reply is coming stands until its first words do.
  const typing = Boolean(value.streaming) && !rows[rows.length - 1]?.matches(".bot-row");
  chat()?.classList.toggle("mn-typing", typing);
  const told = value.streaming ? say("mode.typing") : "";
  if (live.textContent !== told) live.textContent = told;
  if (value.go && value.go !== wanted) {
    const row = chat()?.querySelector(`[data-message="${CSS.escape(value.go.split("@")[0])}"]`);
    if (row) {
      wanted = value.go;
      row.scrollIntoView({ block: "center" });
      row.classList.add("mn-found");
      setTimeout(() => row.classList.remove("mn-found"), 2500);
    }
  }
};
// Before later messages leave memory the server asks; a yes sends the same again, with the number that was told.
let asked = 0;
const question = async ({ at, ...wanted }) => {
  if (at === asked) return;
  asked = at;
  const many = wanted.leaving > 1 ? "" : "_one";
  const yes = await ask({ title: say(`branch.title_${wanted.kind}`), text: say(`branch.text${many}`, { count: wanted.leaving }),
    yes: say(`branch.yes_${wanted.kind}`), mild: true });
  if (yes) trigger("branch", wanted);
};
let due = 0;
const soon = () => { cancelAnimationFrame(due); due = requestAnimationFrame(decorate); };
const start = () => {
  if (!chat()) { setTimeout(start, 100); return; }
  new MutationObserver((changes) => {
    if (changes.some((change) => !change.target.closest?.(".mn-mark-place"))) soon();
  }).observe(chat(), { childList: true, subtree: true });
  soon();
};
watch("value", () => {
  document.body.classList.toggle("mn-streaming", Boolean((props.value || {}).streaming));
  soon();
  if (props.value?.question) question(props.value.question);
});
start();
