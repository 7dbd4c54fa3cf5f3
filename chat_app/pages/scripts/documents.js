// The documents page: drop zone, uploads with progress, list of documents, passages of one document.
// Data comes in `props.value`; the server gets ('select', {action, …, query, sequence}).
const query = { document: "", offset: 0, position: null };
const asking = new Set(); // ids whose deletion is being asked about
const sending = new Map(); // files on their way to the server, before they have a job: key → {name, fraction, abort}
let sendingKey = 0;
let shown = null;
const TYPES = ".txt,.md,.pdf,.docx,.html,.htm,.csv";

const backend = conversationWithServer(() => ({ ...query }), (value) => take(value));
const load = () => {
  if (window.mneme.address.read().p === "documents") window.mneme.address.set({ d: query.document });
  backend.request("load");
};
query.document = window.mneme.address.read().d;
window.mneme.address.listen(({ p, d }) => { if (p === "documents" && d !== query.document) show(d); });
const show = (document, offset = 0) => { Object.assign(query, { document, offset, position: null }); asking.clear(); load(); };

// ---- frame ----------------------------------------------------------------------------------------
const count = make("span", { class: "ml-count", id: "documents-count" });
const notice = noticeBar("documents-notice");
const file = make("input", { type: "file", multiple: true, accept: TYPES, id: "documents-file", hidden: true, "aria-label": say("documents.choose"), tabindex: -1 });
file.addEventListener("change", () => { const files = [...file.files]; file.value = ""; send(files); });
const hint = make("p", { class: "ml-hint" });
const drop = make("div", { class: "ml-drop", id: "documents-drop" }, glyph("upload"), make("p", { text: say("documents.drop") }),
  textButton(say("documents.choose"), () => file.click(), { class: "mn-button mn-primary", id: "documents-choose" }), hint);
let inside = 0; // dragenter and dragleave come for every child
drop.addEventListener("dragenter", (event) => { event.preventDefault(); inside += 1; drop.classList.add("ml-over"); });
drop.addEventListener("dragover", (event) => event.preventDefault());
drop.addEventListener("dragleave", () => { inside -= 1; if (inside <= 0) drop.classList.remove("ml-over"); });
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  event.stopPropagation();
  inside = 0;
  drop.classList.remove("ml-over");
  send([...event.dataTransfer.files]);
});

// ---- uploads --------------------------------------------------------------------------------------
const send = async (files) => {
  const jobs = files.map((one) => {
    const key = `sending-${(sendingKey += 1)}`;
    sending.set(key, { name: one.name, fraction: 0, abort: null });
    return [key, one];
  });
  drawJobs();
  for (const [key, one] of jobs) {
    const entry = sending.get(key);
    if (!entry) continue; // cancelled before its turn
    const answer = await sendFile("files/documents", one, (fraction) => { entry.fraction = fraction; drawJobs(); }, (abort) => { entry.abort = abort; });
    if (answer.error) { entry.error = answer.error; entry.fraction = 0; } else if (answer.aborted) sending.delete(key); else entry.job = answer.job;
    drawJobs();
    load();
  }
};

const PHASES = ["sending", "waiting", "getting_ready", "reading", "remembering"];
const jobRow = (job, actions) => {
  const phase = say(`documents.phase_${PHASES.includes(job.phase) ? job.phase : "working"}`);
  const percent = say("documents.percent", { percent: Math.round(job.fraction * 100) });
  const running = !job.finished;
  const text = running ? (job.state === "queued" ? phase : `${phase} · ${percent}`) : job.text;
  const tone = running ? "" : job.state === "failed" ? "ml-bad" : job.state === "cancelled" ? "ml-neutral" : "ml-good";
  return make("div", { class: `ml-job ${tone}`, id: `documents-job-${job.id}`, "data-state": job.state, "data-name": job.name },
    make("div", { class: "ml-job-line" },
      running ? icon("file") : glyph(job.state === "failed" ? "warning" : job.state === "cancelled" ? "" : "check"),
      make("span", { class: "ml-job-name", text: job.name, title: job.name }), make("span", { class: "ml-job-state", text }), actions),
    running ? progressBar(job.fraction, job.name) : null);
};
const outcome = (job) => {
  if (job.state === "failed") return job.message;
  if (job.state === "cancelled") return say("documents.cancelled");
  const passages = number(job.passages);
  if (job.message === "already_there") return say("documents.already_there");
  if (olderThan(job).length) return say("documents.same_name", { passages });
  return job.passages === 1 ? say("documents.added_one") : say("documents.added", { passages });
};
// Another file of the same name is another document; only the person knows whether this one is its newer version.
const olderThan = (job) => {
  const own = job.message === "same_name" && shown?.documents?.find((one) => one.id === job.document);
  return own ? shown.documents.filter((one) => one.name === own.name && one.created < own.created) : [];
};
const jobActions = (job) => {
  if (!job.finished) return iconButton("close", say("documents.cancel", { name: job.name }), () => backend.request("cancel", { id: job.id }), { id: `documents-cancel-${job.id}` });
  return olderThan(job).length ? textButton(say("documents.replace"), () => backend.request("replace", { id: job.document }), { class: "mn-button ml-quiet", id: `documents-replace-${job.id}` }) : null;
};
const cancelSending = (key, entry) => {
  if (entry.job) backend.request("cancel", { id: entry.job }); // it has arrived, only the list with it has not
  else if (entry.abort) entry.abort();
  else { sending.delete(key); drawJobs(); }
};
const jobList = make("div", { id: "documents-jobs", class: "ml-jobs" });
const clearFinished = textButton(say("documents.clear"), () => {
  for (const [key, entry] of sending) if (entry.error) sending.delete(key);
  backend.request("clear");
}, { class: "mn-button ml-quiet", id: "documents-clear" });
const jobsPanel = make("section", { class: "ml-uploads", hidden: true, "aria-label": say("documents.uploads"), "aria-live": "polite" },
  make("div", { class: "ml-section" }, make("h3", { text: say("documents.uploads") }), clearFinished), jobList);
const drawJobs = () => {
  const jobs = shown?.jobs || [];
  for (const [key, entry] of sending) if (entry.job && jobs.some((job) => job.id === entry.job)) sending.delete(key);
  const rows = jobs.map((job) => jobRow({ ...job, text: job.finished ? outcome(job) : "" }, jobActions(job)));
  for (const [key, entry] of sending) {
    rows.push(jobRow({ id: key, name: entry.name, phase: "sending", fraction: entry.fraction, state: entry.error ? "failed" : "running", finished: Boolean(entry.error), text: entry.error }, entry.error ? null
      : iconButton("close", say("documents.cancel", { name: entry.name }), () => cancelSending(key, entry), { id: `documents-cancel-${key}` })));
  }
  jobsPanel.hidden = rows.length === 0;
  clearFinished.hidden = !jobs.some((job) => job.finished) && ![...sending.values()].some((entry) => entry.error);
  keepingFocus(jobsPanel, () => jobList.replaceChildren(...rows.reverse())); // the latest on top
};

// ---- documents ------------------------------------------------------------------------------------
const list = make("div", { class: "ml-list", id: "documents-list", role: "list" });
const detail = make("div", { id: "documents-detail", hidden: true });
const facts = (one) => make("div", { class: "ml-meta" }, make("span", { text: one.passages === 1 ? say("documents.passage_one") : say("documents.passages", { count: number(one.passages) }) }),
  one.pages ? make("span", { text: one.pages === 1 ? say("documents.page_one") : say("documents.pages", { count: number(one.pages) }) }) : null,
  make("span", { text: bytes(one.size) }), moment(one.created));
const suffix = (name) => (name.includes(".") ? name.split(".").pop().slice(0, 5).toUpperCase() : "");
const deleteQuestion = (one, redraw) => confirmRow(`document-${one.id}-confirm`, say("documents.delete_ask", { passages: number(one.passages) }), say("documents.delete"),
  () => { asking.delete(one.id); backend.request("delete", { id: one.id }); }, () => { asking.delete(one.id); redraw(); });

const row = (one) => {
  const node = make("article", { class: "ml-card ml-document", role: "listitem", id: `document-${one.id}` });
  const redraw = () => keepingFocus(element, () => node.replaceWith(row(one)));
  const name = make("button", { type: "button", class: "ml-name", id: `document-${one.id}-open`, title: say("documents.open_name", { name: one.name }), text: one.name, click: () => show(one.id) });
  const body = make("div", { class: "ml-body" }, name, facts(one));
  if (asking.has(one.id)) body.append(deleteQuestion(one, redraw));
  node.append(make("span", { class: "ml-type", "aria-hidden": "true", text: suffix(one.name) }), body, make("div", { class: "ml-actions" },
    iconButton("trash", say("documents.delete_name", { name: one.name }), () => {
      asking.add(one.id);
      redraw();
      element.querySelector(`[id="${CSS.escape(`document-${one.id}-confirm-no`)}"]`)?.focus();
    }, { id: `document-${one.id}-delete` })));
  return node;
};

let scrolledTo = null;
const drawDetail = (open) => {
  const { document: one, passages, total, offset, limit } = open;
  const ask = make("div", {});
  if (asking.has(one.id)) ask.append(deleteQuestion(one, () => drawDetail(open)));
  detail.replaceChildren(
    textButton(say("documents.back"), () => show(""), { class: "mn-button ml-quiet", id: "documents-back" }, icon("left")),
    make("header", { class: "ml-head" }, make("div", { class: "ml-titles" }, make("h2", { id: "documents-open-name", text: one.name }), facts(one)),
      make("div", { class: "ml-head-buttons" }, textButton(say("documents.delete"), () => { asking.add(one.id); drawDetail(open); }, { id: "documents-open-delete" }, icon("trash")))),
    ask,
    make("div", { class: "ml-list", role: "list", id: "documents-passages" }, ...passages.map((passage) => {
      const where = [passage.page ? say("documents.page", { page: number(passage.page) }) : "", passage.heading].filter(Boolean).join(" · ");
      const here = passage.position === open.position;
      return make("article", { class: `ml-card ml-passage ${here ? "ml-here" : ""}`, role: "listitem", id: `passage-${passage.position}`, "data-page": passage.page || null },
        make("div", { class: "ml-body" }, make("div", { class: "ml-where" }, make("span", { text: where || say("documents.passage", { position: number(passage.position + 1) }) }),
          where ? make("span", { class: "ml-hint", text: say("documents.passage", { position: number(passage.position + 1) }) }) : null),
        make("div", { class: "ml-text", text: passage.text })));
    })),
    ...[pager("documents-pager", offset, limit, passages.length, total, (to) => { show(one.id, to); element.scrollIntoView({ block: "start" }); })].filter(Boolean));
  const wanted = `${one.id}/${open.position}`;
  if (open.position !== null && scrolledTo !== wanted) {
    scrolledTo = wanted;
    requestAnimationFrame(() => detail.querySelector(".ml-here")?.scrollIntoView({ block: "center" }));
  }
};

const take = (value) => {
  if (value.goto) { // another page asks for a place in a document
    scrolledTo = null;
    Object.assign(query, { document: value.goto.document, offset: 0, position: value.goto.position });
    load();
    return;
  }
  const ready = value.status.ready;
  if (value.notice) notice.show(value.notice.key ? say(value.notice.key, value.notice.values) : value.notice.text, value.notice.tone);
  hint.textContent = say("documents.types", { mib: number(value.mib) });
  shown = { ...shown, ...value };
  drawJobs();
  if (value.jobs.some((job) => !job.finished)) backend.again(400);
  if (!ready || !value.documents) {
    if (!shown.documents) list.replaceChildren(statusPanel(value.status, "documents-status"));
    if (!ready && value.status.phase !== "failed") backend.again(1000);
    return;
  }
  query.document = value.open ? value.open.document.id : "";
  if (value.open) query.offset = value.open.offset;
  query.position = value.open ? value.open.position : null;
  overview.hidden = Boolean(value.open);
  detail.hidden = !value.open;
  keepingFocus(element, () => {
    if (value.open) { drawDetail(value.open); return; }
    detail.replaceChildren();
    scrolledTo = null;
    count.textContent = many("documents.count", value.documents.length);
    list.replaceChildren(...(value.documents.length ? value.documents.map(row)
      : [emptyState(icon("file"), say("documents.empty_title"), say("documents.empty_text"))]));
  });
};

const overview = make("div", {}, make("header", { class: "ml-head" }, make("div", { class: "ml-titles" }, make("h2", {}, make("span", { text: say("documents.title") }), count), make("p", { text: say("documents.intro") }))),
  drop, file, jobsPanel, list);
element.replaceChildren(make("div", { class: "ml-page", id: "documents-root" }, notice.node, overview, detail));
if (props.value?.goto) take(props.value); else load(); // the wish may come before the page is drawn
