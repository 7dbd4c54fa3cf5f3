// Pieces of the models page. Between lists.js and models.js, in one scope with them.
const line = (key, text, extra = null) => make("div", { class: "dg-line", "data-key": key },
  make("dt", { text: say(`models.${key}`) }), make("dd", {}, make("span", { text }), extra));
const panel = (key, ...rest) => make("section", { class: "ml-panel", id: `models-${key}` },
  make("h3", { text: say(`models.${key}`) }), WITH_TEXT.has(key) ? make("p", { text: say(`models.${key}_text`) }) : null, ...rest);
const WITH_TEXT = new Set(["catalogue", "encoder", "endpoint", "replies", "memory"]);
const names = new Intl.DisplayNames([tag], { type: "language" });
const languages = (codes) => {
  const said = codes.slice(0, 4).map((code) => names.of(code));
  if (codes.length > said.length) said.push(`+${codes.length - said.length}`);
  return make("span", { text: said.join(" · "), title: codes.map((code) => names.of(code)).join(", ") });
};

// What is under way: which one is fetched, how far, and who replies meanwhile.
const underWay = (state, cancel) => {
  const text = say(`models.${state.phase === "decoder" ? "loading" : state.phase}`, { wanted: state.wanted_title });
  return make("div", { class: "md-way", id: "models-way", role: "status" },
    make("div", { class: "md-way-line" }, make("span", { class: "md-way-text", text }),
      make("span", { class: "ml-hint", text: state.phase === "fetching" ? `${Math.round(100 * state.fraction)} %` : "" }),
      textButton(say("models.cancel"), cancel, { id: "models-cancel" })),
    progressBar(state.phase === "fetching" ? state.fraction : 1, text),
    make("p", { class: "ml-hint", text: say("models.meanwhile", { serving: state.serving_title }) }));
};
const encoderUnderWay = (state, cancel) => {
  const text = say(`models.encoder_${state.phase}`, { wanted: state.wanted }), counted = state.phase === "fetching" || state.phase === "memory";
  return make("div", { class: "md-way", id: "models-encoder-way", role: "status" },
    make("div", { class: "md-way-line" }, make("span", { class: "md-way-text", text }),
      make("span", { class: "ml-hint", text: counted ? `${Math.round(100 * state.fraction)} %` : "" }),
      textButton(say("models.cancel"), cancel, { id: "models-encoder-cancel" })),
    progressBar(counted ? state.fraction : 1, text));
};
const missed = (state) => make("p", { class: "md-missed", id: "models-missed", role: "alert",
  text: say(`models.missed_${state.why}`, { missed: state.missed_title, serving: state.serving_title, reason: state.reason }) });

// One decoder of the catalogue.
const decoderCard = (one, state, use, ask, asked, remove, keep) => {
  const serving = one.name === state.serving;
  const badge = (key, extra = "") => make("span", { class: `ml-badge ${extra}`, text: say(`models.${key}`) });
  const badges = make("span", { class: "md-badges" },
    serving ? badge("speaks_now", "ml-badge-pinned") : one.here ? badge("here") : one.disk ? badge("part") : null,
    one.hub ? badge("hub") : null, one.fits ? null : badge("too_large", "ml-badge-muted"));
  const meta = make("div", { class: "ml-meta" },
    make("span", { text: one.here ? say("models.on_disk", { size: bytes(one.disk) }) : say("models.download", { size: bytes(one.download) }) }),
    make("span", { text: say("models.needs", { size: bytes(one.memory) }) }), languages(one.languages), make("span", { text: say("models.licence", { name: one.licence }) }));
  const actions = make("div", { class: "md-actions" },
    serving || one.name === state.wanted ? null : textButton(say(one.here ? "models.use" : "models.fetch"), use, { id: `models-use-${one.name}` }),
    one.disk && !serving && one.name !== state.wanted ? iconButton("trash", say("models.delete", { title: one.title }), ask, { id: `models-delete-${one.name}` }) : null);
  const confirm = asked ? confirmRow(`models-confirm-${one.name}`, say("models.delete_ask", { title: one.title }), say("models.delete_yes"), remove, keep) : null;
  return make("article", { class: `ml-card md-card${serving ? " ml-chosen" : ""}`, role: "listitem", id: `models-${one.name}`, "data-here": String(one.here) },
    make("div", { class: "ml-body" }, make("div", { class: "md-name" }, make("strong", { text: one.title }), badges), meta, confirm), actions);
};

const memoryPanel = (memory) => {
  const size = (value) => (value === null || value === undefined ? say("models.elsewhere") : value ? bytes(value) : say("models.nothing"));
  const prefix = memory.prefix ?? null;
  return panel("memory", make("dl", {},
    line("own", say("models.of", { part: bytes(memory.own), whole: bytes(memory.total) }), progressBar(Math.min(1, memory.own / memory.total), say("models.own"))),
    line("weights", !memory.weights ? size(memory.weights) : say("models.weights_of", { size: bytes(memory.weights) })),
    line("blocks", size(memory.blocks)),
    line("prefix", prefix !== null || memory.prefix_limit === null ? size(memory.prefix_limit === null ? null : prefix) : say("models.at_most", { size: bytes(memory.prefix_limit) }))));
};
