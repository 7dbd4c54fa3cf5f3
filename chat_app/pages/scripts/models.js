// The models page: which decoder speaks, the catalogue, an endpoint, how replies are made, memory. Behind models_parts.js.
// Data comes in `props.value`; the server gets ('select', {action, …, sequence}). What is written in is made once.
let last = null; // the value shown
let asking = ""; // whose deletion is being asked about
const backend = conversationWithServer(() => ({}), (value) => take(value));
const notice = noticeBar("models-notice");

// ---- forms ----------------------------------------------------------------------------------------
const field = (key, input) => make("label", { class: "md-field" }, make("span", { class: "md-label", text: say(`models.${key}`) }), input,
  WITH_HINT.has(key) ? make("span", { class: "ml-hint", text: say(`models.${key}_text`) }) : null);
const WITH_HINT = new Set(["temperature", "reply_tokens", "system"]);
const input = (id, extra) => make("input", { class: "mn-input", id: `models-${id}`, autocomplete: "off", ...extra });
const address = input("address", { type: "url", placeholder: "http://127.0.0.1:11434/v1", maxlength: "500", spellcheck: "false" });
const temperature = input("temperature", { type: "number", min: "0", max: "2", step: "0.1", inputmode: "decimal" });
const length = input("reply-tokens", { type: "number", min: "1", max: "100000", step: "1", inputmode: "numeric" });
const system = make("textarea", { class: "mn-input", id: "models-system", rows: "3", maxlength: "8000" });
const useAddress = (text) => { if (text) { address.value = text; backend.request("endpoint", { address: text }); } else address.focus(); };
address.addEventListener("keydown", (event) => { if (event.key === "Enter") useAddress(address.value.trim()); });
const found = make("div", { class: "md-found", id: "models-found", role: "status" });
const look = textButton(say("models.look"), () => { found.replaceChildren(make("p", { text: say("models.looking") })); backend.request("look"); }, { id: "models-look" });
const endpoint = panel("endpoint",
  make("div", { class: "md-row" }, field("address", address), textButton(say("models.use"), () => useAddress(address.value.trim()), { id: "models-use-address" })),
  make("div", {}, look), found);
const save = textButton(say("models.save"), () => {
  const given = { system: system.value };
  if (temperature.value !== "") given.temperature = Number(temperature.value);
  if (length.value !== "") given.reply_tokens = Number(length.value);
  touched = false;
  backend.request("save", { preferences: given });
}, { id: "models-save", class: "mn-button mn-primary" });
let touched = false; // something is written in and not saved: what comes from the server does not replace it
for (const one of [temperature, length, system]) one.addEventListener("input", () => { touched = true; });
const replies = panel("replies", make("div", { class: "md-pair" }, field("temperature", temperature), field("reply_tokens", length)),
  field("system", system), make("div", { class: "ml-panel-buttons" }, save));

// ---- the page -------------------------------------------------------------------------------------
const [waiting, now, list, encoder, memory] = ["waiting", "now-place", "list-place", "encoder-place", "memory-place"].map((id) => make("div", { id: `models-${id}` }));
const ready = make("div", { id: "models-ready", hidden: true }, now, list, endpoint, encoder, replies, memory);
const root = make("div", { class: "ml-page", id: "models-root" },
  make("header", { class: "ml-head" }, make("div", { class: "ml-titles" },
    make("h2", { text: say("models.title") }), make("p", { text: say("models.subtitle") })),
  make("div", { class: "ml-head-buttons" }, textButton(say("models.refresh"), () => backend.request("load"), { id: "models-refresh" }, icon("again")))),
  notice.node, waiting, ready);
element.querySelector(".ml-loading").replaceWith(root);

const nowPanel = (value) => panel("now",
  make("dl", {}, line("decoder", value.state.serving_title || value.decoder),
    line("path", say(`reads.path_${value.path}`)), line("window", say("diagnostics.tokens", { count: number(value.window) }))),
  value.state.busy ? underWay(value.state, () => backend.request("cancel")) : value.state.missed ? missed(value.state) : null,
  value.flag && value.flag !== value.state.serving ? make("p", { class: "ml-hint", id: "models-flag", text: say("models.flag", { flag: value.flag }) }) : null);
const encoderPanel = (value) => panel("encoder",
  make("p", { class: "md-encoder", id: "models-encoder-name", text: say(value.encoder.multilingual ? "models.multilingual" : "models.english", { name: value.encoder.name }) }),
  value.encoder_state.busy ? encoderUnderWay(value.encoder_state, () => backend.request("cancel_encoder"))
    : make("div", { class: "ml-panel-buttons" }, ...value.encoders.filter((name) => name !== value.encoder.name).map((name) =>
      textButton(say("models.encoder_use", { name }), () => backend.request("encoder", { name }), { id: `models-encoder-${name}` }))),
  value.encoder_state.missed ? make("p", { class: "md-missed", role: "alert", text: say("models.encoder_missed", { missed: value.encoder_state.missed, reason: value.encoder_state.reason }) }) : null);
const catalogue = (value) => {
  const redraw = (name) => { asking = name; draw(); };
  const cards = value.decoders.map((one) => decoderCard(one, value.state, () => backend.request("switch", { name: one.name }),
    () => redraw(one.name), asking === one.name, () => { asking = ""; backend.request("delete", { name: one.name }); }, () => redraw("")));
  return panel("catalogue", make("div", { class: "ml-list", role: "list", id: "models-list" }, ...cards));
};
const foundList = (all) => (all.length ? all.flatMap((one) => (one.models.length
  ? one.models.map((model) => textButton(`${one.program}: ${model}`, () => useAddress(`${one.address}#${model}`), { class: "mn-button md-model" }))
  : [make("p", { text: say("models.found_empty", { program: one.program }) })])) : [make("p", { text: say("models.found_none") })]);

function draw() {
  keepingFocus(root, () => {
    now.replaceChildren(nowPanel(last));
    list.replaceChildren(catalogue(last));
    encoder.replaceChildren(encoderPanel(last));
    memory.replaceChildren(memoryPanel(last.memory));
  });
}
function take(value) {
  if (value.notice) notice.show(value.notice.text || say(value.notice.key, value.notice.values), value.notice.tone);
  if (value.found) found.replaceChildren(...foundList(value.found));
  ready.hidden = !value.decoders;
  waiting.replaceChildren(...(value.decoders ? [] : [statusPanel(value.status, "models-status")]));
  if (!value.decoders) {
    if (value.status.phase !== "failed") backend.again(value.encoder_state?.busy ? 500 : 1000);
    return;
  }
  last = value;
  if (!touched) {
    temperature.value = value.preferences.temperature;
    length.value = value.preferences.reply_tokens;
    system.value = value.preferences.system;
  }
  draw();
  backend.again(value.state.busy || value.encoder_state.busy ? 500 : 5000);
}
backend.request("load");
