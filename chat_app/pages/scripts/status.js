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
  const key = { done: { added: "added", already_there: "already", replaced: "replaced" }[job.message] || "added", cancelled: "cancelled", failed: "failed" }[job.state];
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
  const speaker = start.ready && value.speakers?.[document.documentElement.lang.startsWith("zh") ? "zh" : "en"];
  if (speaker?.busy || speaker?.missed) nodes.push(speaking(speaker));
  for (const job of value.jobs || []) nodes.push(file(job));
  root.replaceChildren(...nodes);
}
watch("value", draw);
draw();
