// Shared by the memory and the documents page; put in front of either script. Nodes are built from text only.
const { say, make, icon, iconButton, when, tag } = window.mneme;

const GLYPHS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16 16l4 4", dots: "M5 12h.01M12 12h.01M19 12h.01",
  upload: "M12 16V5M7 9l5-5 5 5M5 19h14", download: "M12 4v11M7 11l5 5 5-5M5 20h14", check: "M5 12l5 5 9-10",
  warning: "M12 4 2.5 20h19L12 4ZM12 10v4M12 17h.01",
};
const glyph = (name) => {
  const svg = icon("");
  if (GLYPHS[name]) svg.firstChild.setAttribute("d", GLYPHS[name]);
  return svg;
};
const glyphButton = (name, title, click, extra = {}) => {
  const button = iconButton("", title, click, extra);
  button.replaceChildren(glyph(name));
  return button;
};
const textButton = (text, click, extra = {}, mark = null) => {
  const button = make("button", { type: "button", class: "mn-button", click, ...extra });
  if (mark) button.append(mark);
  button.append(make("span", { text }));
  return button;
};

const many = (key, count, values = {}) =>
  count === 1 && say(`${key}_one`) !== `${key}_one` ? say(`${key}_one`, values) : say(key, { count: number(count), ...values });
const number = (value) => Number(value).toLocaleString(tag);
const bytes = (size) => {
  const units = ["kilobyte", "megabyte", "gigabyte"];
  let step = 0;
  let value = Math.max(size / 1024, 0.1);
  while (value >= 1024 && step < units.length - 1) { value /= 1024; step += 1; }
  return value.toLocaleString(tag, { style: "unit", unit: units[step], maximumFractionDigits: value < 10 ? 1 : 0 });
};
// "2 hours ago", for what is about the present.
const ago = (seconds) => {
  const distance = seconds - Date.now() / 1000;
  const format = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
  for (const [unit, length] of [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600]]) {
    if (Math.abs(distance) >= length) return format.format(Math.round(distance / length), unit);
  }
  return format.format(Math.round(distance / 60), "minute");
};
const moment = (seconds, text) => make("time", {
  datetime: new Date(seconds * 1000).toISOString(), title: when(seconds), text: text || when(seconds),
});

// A question in the place where the answer takes effect. Esc refuses.
const confirmRow = (id, question, yes, agreed, refused) => {
  const agree = make("button", { type: "button", class: "mn-button mn-danger", text: yes, id: `${id}-yes`, click: agreed });
  const refuse = make("button", { type: "button", class: "mn-button", text: say("memory.cancel"), id: `${id}-no`, click: refused });
  const row = make("div", { class: "ml-confirm", role: "group", "aria-label": question, id },
    make("span", { text: question }), make("span", { class: "ml-confirm-buttons" }, refuse, agree));
  row.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); refused(); }
  });
  return row;
};

const progressBar = (fraction, name) => {
  const percent = Math.round(fraction * 100);
  const fill = make("span", { class: "ml-fill" });
  fill.style.width = `${percent}%`;
  return make("span", {
    class: "ml-progress", role: "progressbar", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100,
    "aria-valuenow": percent,
  }, fill);
};

const pager = (id, offset, limit, shown, total, go) => {
  if (total <= limit && offset === 0) return null;
  const first = total ? offset + 1 : 0;
  return make("nav", { class: "ml-pager", id },
    iconButton("left", say("memory.previous"), () => go(Math.max(0, offset - limit)), { disabled: offset === 0, id: `${id}-previous` }),
    make("span", { text: say("memory.range", { first: number(first), last: number(offset + shown), total: number(total) }) }),
    iconButton("right", say("memory.next"), () => go(offset + limit), { disabled: offset + shown >= total, id: `${id}-next` }));
};

const emptyState = (mark, title, text, extra = null) =>
  make("div", { class: "ml-empty" }, mark, make("h3", { text: title }), make("p", { text }), extra);

// While models load, or when they could not be loaded.
const statusPanel = (status, id) => {
  if (status.phase === "failed") {
    return make("div", { class: "ml-empty ml-failed", id, role: "alert" }, glyph("warning"),
      make("h3", { text: say("status.failed") }), make("p", { text: status.error }));
  }
  return make("div", { class: "ml-empty", id, role: "status" }, make("h3", { text: say("status.title") }),
    make("p", { text: say(`status.${status.phase}`) }), progressBar(status.fraction, say("status.title")));
};

// One line about what just happened; goes away when dismissed or when the next one comes.
const noticeBar = (id) => {
  const bar = make("div", { class: "ml-notice", id, role: "status", "aria-live": "polite", hidden: true });
  let timer = 0;
  return {
    node: bar,
    show(text, tone = "good") {
      clearTimeout(timer);
      bar.className = `ml-notice ml-${tone}`;
      bar.replaceChildren(glyph(tone === "bad" ? "warning" : "check"), make("span", { text }),
        iconButton("close", say("memory.dismiss"), () => { bar.hidden = true; }));
      bar.hidden = false;
      if (tone === "good") timer = setTimeout(() => { bar.hidden = true; }, 6000);
    },
  };
};

// Redraw without taking the focus away from whoever works with the keyboard.
const keepingFocus = (root, draw) => {
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const { id, selectionStart, selectionEnd } = active || {};
  draw();
  if (!id || active.isConnected) return;
  const again = root.querySelector(`[id="${CSS.escape(id)}"]`);
  again?.focus({ preventScroll: true });
  if (again?.tagName === "TEXTAREA") again.setSelectionRange(selectionStart, selectionEnd);
};

// One file to one of our own routes, with progress. Resolves to {job} or {error}; `started` gets a function that aborts.
const sendFile = (address, file, progressed, started = () => {}) => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  const refused = () => resolve({ error: say("documents.refused") });
  request.open("POST", `${address}?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("X-Mneme", "1");
  request.upload.addEventListener("progress", (event) => progressed(event.total ? event.loaded / event.total : 0));
  request.addEventListener("load", () => {
    try {
      const answer = JSON.parse(request.responseText);
      const error = typeof answer.error === "string" ? answer.error : answer.error?.message;
      resolve(request.status === 200 ? answer : { error: error || say("documents.refused") });
    } catch { refused(); }
  });
  request.addEventListener("error", refused);
  request.addEventListener("abort", () => resolve({ aborted: true }));
  started(() => request.abort());
  request.send(file);
});

// What every list does with the server: ask in order, drop answers that are out of date, ask again while something moves.
const conversationWithServer = (query, take) => {
  let sequence = 0;
  let waiting = 0; // since when, in milliseconds; an answer that never comes is given up after a while
  let timer = 0;
  const busy = () => waiting && Date.now() - waiting < 15000;
  const visible = () => element.offsetParent !== null && !document.hidden;
  const request = (action, data = {}) => {
    clearTimeout(timer);
    sequence += 1;
    waiting = Date.now();
    trigger("select", { action, ...data, query: query(), sequence });
  };
  const again = (milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (visible()) { if (!busy()) request("load"); } else again(milliseconds); }, milliseconds);
  };
  const arrived = () => {
    const value = props.value;
    if (!value || typeof value !== "object") return;
    if (value.nudge) { if (!busy()) request("load"); return; }
    if (value.sequence !== undefined && value.sequence < sequence) return;
    waiting = 0;
    take(value);
  };
  watch("value", arrived);
  return { request, again };
};
