// The training page: what feedback there is, and having the read learn from it. Behind lists.js, in one scope with it.
// Data comes in `props.value`; the server gets ('select', {action, …, query, sequence}).
const query = { offset: 0 };
const KINDS = ["like", "dislike", "edit", "pin", "mute"];
const backend = conversationWithServer(() => ({ ...query }), (value) => take(value));
const notice = noticeBar("training-notice");
const body = make("div", { class: "ml-body", id: "training-body" });
const root = make("div", { class: "ml-page", id: "training-root" },
  make("header", { class: "ml-head" }, make("div", { class: "ml-titles" },
    make("h2", { text: say("training.title") }), make("p", { text: say("training.subtitle") })),
  make("div", { class: "ml-head-buttons" }, textButton(say("training.refresh"), () => backend.request("load"), { id: "training-refresh" }, icon("again")))),
  notice.node, body);
element.querySelector(".ml-loading").replaceWith(root);

const button = (action, primary = false) => textButton(say(`training.${action}`), () => backend.request(action),
  { id: `training-${action.replace("_", "-")}`, class: `mn-button${primary ? " mn-primary" : ""}` });
const line = (key, text) => make("div", { class: "dg-line", "data-key": key }, make("dt", { text: say(`training.${key}`) }), make("dd", { text }));
const share = (value) => (value === undefined ? "–" : value.toLocaleString(tag, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }));

// ---- what was measured ----------------------------------------------------------------------------
const comparison = (report) => {
  if (!report || !report.before) return null;
  const cell = (text) => make("td", { text });
  const rows = ["score", "reward", "wanted", "unwanted", "dialogues"].filter((key) => report.before[key] !== undefined).map((key) =>
    make("tr", { "data-key": key }, make("th", { scope: "row", text: say(`training.${key}`) }), cell(share(report.before[key])), cell(share(report.after[key]))));
  return make("div", { id: "training-report" },
    make("table", { class: "tr-table" }, make("thead", {}, make("tr", {}, ...["measure", "before", "after"].map((key) => make("th", { scope: "col", text: say(`training.${key}`) })))),
      make("tbody", {}, ...rows)),
    make("p", { class: "ml-hint", text: say("training.basis", { trained: number(report.trained_on), held: number(report.held_back) }) }));
};

// ---- learning -------------------------------------------------------------------------------------
const runPart = (run, own) => {
  if (run.running) {
    const text = say(`training.${run.phase === "learning" ? "running" : run.phase}`);
    return [make("p", { class: "tr-phase", role: "status", text }), progressBar(run.fraction, say("training.learning")), make("div", { class: "ml-panel-buttons" }, button("cancel"))];
  }
  if (own.offered) {
    return [make("p", { id: "training-offered", role: "status", text: say("training.offered") }), comparison(own.offered),
      make("div", { class: "ml-panel-buttons" }, button("discard"), button("keep", true))];
  }
  const told = run.phase === "failed" ? make("p", { class: "ml-dangerous", role: "alert", text: run.message })
    : run.phase === "done" && !run.report.better ? make("div", {}, make("p", { id: "training-not-better", role: "status", text: say("training.not_better") }), comparison(run.report))
    : ["cancelled", "interrupted"].includes(run.phase) ? make("p", { role: "status", text: say(`training.${run.phase}`) }) : null;
  const learn = textButton(say(run.phase === "interrupted" ? "training.go_on" : "training.learn"), () => backend.request("learn"), { id: "training-learn", class: "mn-button mn-primary" });
  return [told, make("div", { class: "ml-panel-buttons" }, learn)];
};
const learningPanel = (value) => {
  const panel = make("section", { class: "ml-panel", id: "training-learning" }, make("h3", { text: say("training.learning") }), make("p", { text: say("training.learning_text") }));
  if (value.cannot) {
    panel.append(make("p", { class: "ml-dangerous", id: "training-cannot", text: value.cannot }));
    return panel;
  }
  const { run, own } = value;
  panel.dataset.phase = run.phase;
  if (own.problem) panel.append(make("p", { class: "ml-dangerous", id: "training-problem", role: "alert", text: own.problem }));
  panel.append(make("div", { class: "tr-force", id: "training-force", "data-own": own.in_force ? "true" : "false" }, make("span", { text: say(own.in_force ? "training.in_force" : "training.shipped") }),
    own.can_roll_back ? button("roll_back") : null));
  if (own.in_force && !own.offered && !run.running) panel.append(...[comparison(own.report)].filter(Boolean));
  panel.append(...runPart(run, own).filter(Boolean));
  return panel;
};

// ---- the list -------------------------------------------------------------------------------------
const row = (one) => {
  const texts = ["question", "memory", "edited"].filter((key) => one[key]).map((key) => make("p", { class: "tr-text", text: say(`training.${key}`, { text: one[key] }) }));
  const meta = make("div", { class: "ml-meta" }, make("span", { text: say(`training.${one.kind}`) }), moment(one.created),
    one.question ? null : make("span", { text: say("training.no_question") }));
  return make("article", { class: "ml-card", role: "listitem", id: `feedback-${one.id}`, "data-kind": one.kind }, make("div", { class: "ml-body" }, ...texts, meta),
    make("div", { class: "ml-actions" }, iconButton("trash", say("training.delete"), () => backend.request("delete", { id: one.id }), { id: `feedback-${one.id}-delete` })));
};

function take(value) {
  if (value.notice) notice.show(value.notice.text || say(value.notice.key, value.notice.values), value.notice.tone);
  if (!value.counts) {
    body.replaceChildren(statusPanel(value.status, "training-status"));
    if (value.status.phase !== "failed") backend.again(1000);
    return;
  }
  query.offset = value.offset;
  const total = KINDS.reduce((sum, kind) => sum + value.counts[kind], 0);
  const counts = make("section", { class: "ml-panel", id: "training-counts" }, make("h3", { text: say("training.collected") }), make("p", { text: say("training.collected_text") }),
    make("dl", {}, ...KINDS.map((kind) => line(kind, number(value.counts[kind])))));
  const list = total ? make("div", { class: "ml-list", id: "training-list", role: "list" }, ...value.items.map(row))
    : emptyState(icon("edit"), say("training.empty"), say("training.empty_text"));
  const pages = pager("training-pager", value.offset, value.limit, value.items.length, total, (offset) => { query.offset = offset; backend.request("load"); });
  keepingFocus(root, () => body.replaceChildren(...[counts, learningPanel(value), make("h3", { text: say("training.list") }), list, pages].filter(Boolean)));
  if (value.run?.running) backend.again(500);
}
backend.request("load");
