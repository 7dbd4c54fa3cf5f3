// How far the start is, the files being taken in, and what a reply ended with; above the message box.
const { say, make, iconButton } = window.mneme;
const root = element.querySelector(".mn-status");
const line = (text, fraction, extra) => make("div", { class: "mn-progress" },
  make("div", { class: "mn-progress-line" }, make("span", { text }), make("span", { class: "mn-faint", text: fraction === null ? "" : `${Math.round(100 * fraction)} %` }), extra),
  fraction === null ? null : make("div", { class: "mn-bar-track", role: "progressbar", "aria-valuenow": Math.round(100 * fraction), "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": text },
    make("span", { class: "mn-bar-fill", style: `width:${Math.max(2, 100 * fraction)}%` })));

const file = (job) => {
  if (job.state === "queued" || job.state === "running") {
    return line(say("chat.intake", { name: job.name }), job.fraction || 0,
      iconButton("close", say("frame.cancel"), () => trigger("select", { action: "cancel", id: job.id }), { class: "mn-icon-button mn-cancel", "data-job": job.id }));
  }
  const key = { done: { added: "added", already_there: "already", same_name: "same_name" }[job.message] || "added", cancelled: "cancelled", failed: "failed" }[job.state];
  const text = say(`chat.intake_${key}`, { name: job.name, passages: job.passages ?? "", why: job.message });
  return make("div", { class: `mn-progress mn-${job.state}` }, make("span", { text }));
};

// Which decoder replies while another is on its way, or because another could not be had.
const speaking = (speaker) => {
  const meanwhile = say("models.meanwhile", { serving: speaker.serving_title });
  const node = speaker.busy
    ? line(say("models.speaking", { doing: say(`models.${speaker.phase === "decoder" ? "loading" : speaker.phase}`, { wanted: speaker.wanted_title }), meanwhile }), speaker.phase === "fetching" ? speaker.fraction : null)
    : make("div", { class: "mn-progress" }, make("span", { text: say(`models.missed_${speaker.why}`, { missed: speaker.missed_title, serving: speaker.serving_title, reason: speaker.reason }) }));
  node.id = "speaking";
  return node;
};

// Another encoder on its way, one that could not be had, or the one for other languages offered to who writes in one.
const NOT_NOW = "mneme_encoder_not_now";
const foreign = () => !window.mneme.native.toLowerCase().startsWith("en")
  || [...document.querySelectorAll("#chat .user")].some((one) => /[\u3400-\u9fff]/.test(one.textContent));
// The messages are no value of this component.
const waiting = new MutationObserver(() => { if (foreign()) { waiting.disconnect(); draw(); } });
if (!foreign()) waiting.observe(document.body, { childList: true, subtree: true });
const button = (key, click, id) => make("button", { type: "button", class: "mn-button", id, click }, say(key));
const encoding = (state) => {
  if (state.busy) {
    const shown = state.phase === "fetching" || state.phase === "memory" ? state.fraction : null;
    return line(say(`models.encoder_${state.phase}`, { wanted: state.wanted }), shown,
      iconButton("close", say("models.cancel"), () => trigger("select", { action: "cancel_encoder" }), { class: "mn-icon-button mn-cancel", id: "encoder-cancel" }));
  }
  if (state.missed) return make("div", { class: "mn-progress mn-failed" }, make("span", { text: say("models.encoder_missed", { missed: state.missed, reason: state.reason }) }));
  if (state.multilingual || window.mneme.store.get(NOT_NOW) || !foreign()) return null;
  return make("div", { class: "mn-progress mn-offer" }, make("span", { text: say("models.encoder_offer", { name: state.offered }) }),
    make("span", { class: "mn-offer-buttons" }, button("models.encoder_take", () => trigger("select", { action: "encoder" }), "encoder-take"),
      button("models.encoder_not_now", () => { window.mneme.store.set(NOT_NOW, "1"); draw(); }, "encoder-not-now")));
};

// What was found damaged or cut, once for each page that is open, until it is dismissed there.
const dismissed = new Set();
const notice = ({ key, values }) => {
  const text = say(`notice.${key}`, values);
  if (dismissed.has(text)) return null;
  return make("div", { class: "mn-progress mn-notice", role: "status", "data-notice": key }, make("div", { class: "mn-progress-line" }, make("span", { text }),
    iconButton("close", say("memory.dismiss"), () => { dismissed.add(text); draw(); }, { class: "mn-icon-button mn-cancel" })));
};

function draw() {
  const value = props.value || {};
  if (!value.start) return; // the page is not filled yet, ready or not
  const start = value.start;
  const nodes = [];
  document.body.classList.toggle("mn-ready", Boolean(start.ready));
  if (start.error) nodes.push(make("div", { class: "mn-progress mn-failed", role: "alert", id: "start-failed" }, make("strong", { text: say("status.failed") }), make("span", { text: start.error })));
  else if (!start.ready) {
    const bar = line(`${say("status.title")}: ${say(`status.${start.phase}`)}`, start.fraction || 0);
    bar.id = "getting-ready";
    nodes.push(bar);
  }
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const speaker = start.ready && value.speakers?.[language];
  if (speaker?.busy || speaker?.missed) nodes.push(speaking(speaker));
  const encoder = start.ready && value.encoders?.[language] && encoding(value.encoders[language]);
  if (encoder) { encoder.id = "encoding"; nodes.push(encoder); }
  for (const node of (value.notices || []).map(notice)) if (node) nodes.push(node);
  for (const job of value.jobs || []) nodes.push(file(job));
  root.replaceChildren(...nodes);
}
watch("value", draw);
draw();
