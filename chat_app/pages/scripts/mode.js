// Above the message box: what is off the record, messages that wait for their turn; and the switch beside the keys.
const { say, make, icon, iconButton } = window.mneme;
const root = element.querySelector(".mn-mode");
const send = (action, more = {}) => trigger("select", { action, ...more });

const waiting = ({ id, text }) => make("div", { class: "mn-waiting", "data-waiting": id },
  make("span", { class: "mn-waiting-text", text }),
  make("span", { class: "mn-faint mn-pulse", text: say("mode.waiting") }),
  iconButton("close", say("mode.take_back", { text: text.slice(0, 60) }), () => send("take_back", { id })));

const banner = (name, symbol, ...buttons) => make("div", { class: "mn-banner", role: "status", id: `mode-${name}` }, icon(symbol),
  make("span", {}, make("strong", { text: say(`mode.${name}`) }), " ", make("span", { class: "mn-faint", text: say(`mode.${name}_text`) })), ...buttons);

function draw() {
  const value = props.value || {};
  const resume = make("button", { type: "button", class: "mn-button", id: "resume-memory", click: () => send("pause", { on: false }) }, say("mode.resume"));
  const close = make("button", { type: "button", class: "mn-button", id: "close-temporary", click: () => document.querySelector("#new-chat").click() }, say("mode.close"));
  document.body.classList.toggle("mn-temporary", Boolean(value.temporary));
  document.body.classList.toggle("mn-paused", Boolean(value.paused));
  root.replaceChildren(...[...(value.waiting || []).map(waiting),
    value.temporary ? banner("temporary", "trace", close) : value.paused ? banner("paused", "pause", resume) : null].filter(Boolean));
}
window.mneme.pauseMemory = () => send("pause", { on: true });
watch("value", draw);
draw();
