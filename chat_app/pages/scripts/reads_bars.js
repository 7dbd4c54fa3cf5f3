// The numbers of a card as bars: match, weight, attention, effect. In front of reads_panel.js, in one scope with it.
const { say, make, icon, iconButton, ask, when } = window.mneme;
const percent = (share) => {
  const value = 100 * Math.min(1, Math.max(0, share || 0));
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
};
const row = (name, kind, why, fill, number, meter) => make("div", { class: `mn-bar mn-${kind}`, role: "meter", title: why,
  "aria-label": say(name), ...meter },
  make("span", { class: "mn-bar-name", text: say(name) }),
  make("span", { class: "mn-bar-track" }, fill),
  make("span", { class: "mn-bar-number", text: number }));
const fill = (share) => make("span", { class: "mn-bar-fill", style: `width:${Math.max(1.5, 100 * Math.min(1, share || 0))}%` });
// `most`: what fills the bar; shares of attention are small, and only their ratio says something.
const bar = (name, share, kind, most = 1) => row(name, kind, say(`${name}_text`), fill((share || 0) / most), percent(share),
  { "aria-valuenow": Math.round(100 * (share || 0)), "aria-valuemin": 0, "aria-valuemax": 100 });

// Nats → how many times likelier the reply was with the memory than without it, in words.
const LEAST = 0.1; // nats: less is told as "hardly anything"
const times = (nats) => {
  const factor = Math.exp(Math.abs(nats));
  if (factor >= 1e6) return say("reads.million");
  return factor.toLocaleString(window.mneme.tag, { maximumFractionDigits: factor < 10 ? 1 : 0 });
};
const effectBar = (nats, most) => {
  const kind = Math.abs(nats) < LEAST ? "even" : nats > 0 ? "helps" : "hinders";
  const signed = `${nats < 0 ? "−" : "+"}${Math.abs(nats).toFixed(1)}`;
  const why = say(`reads.effect_${kind}_text`, { times: times(nats), nats: signed });
  const half = 50 * Math.min(1, Math.abs(nats) / Math.max(most, 1));
  const part = make("span", { class: "mn-bar-fill", style: `${nats < 0 ? "right" : "left"}:50%;width:${Math.max(0.8, half)}%` });
  return row("reads.effect", `effect mn-${kind}`, why, part, `${kind === "even" ? "" : `${say(`reads.effect_${kind}`)} `}${kind === "even" ? "±0" : signed}`,
    { "aria-valuenow": nats.toFixed(2), "aria-valuemin": (-most).toFixed(2), "aria-valuemax": most.toFixed(2), "aria-valuetext": why });
};

// What the four bars mean, for those who cannot hover.
const legend = () => make("dl", { class: "mn-legend", id: "reads-legend" },
  ...["reads.score", "reads.weight", "reads.attention", "reads.effect"].flatMap((name) => [
    make("dt", { text: say(name) }), make("dd", { text: say(`${name}_text`) })]));
