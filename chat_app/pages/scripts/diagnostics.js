// The diagnostics page: numbers of the server in groups. Behind lists.js, in one scope with it.
const page = element.querySelector(".ml-page");
const share = (part, whole) => `${whole ? Math.round((100 * part) / whole) : 0} %`;
const line = (key, text, extra = null) => make("div", { class: "dg-line", "data-key": key },
  make("dt", { text: say(`diagnostics.${key}`) }), make("dd", {}, make("span", { text }), extra));
const used = (key, part, whole) => line(key, whole ? say("diagnostics.of", { part: part ? bytes(part) : "0", whole: bytes(whole) }) : say("diagnostics.off"),
  whole ? progressBar(Math.min(1, part / whole), say(`diagnostics.${key}`)) : null);
const group = (key, ...lines) => make("section", { class: "ml-panel dg-group", "data-group": key },
  make("h3", { text: say(`diagnostics.${key}`) }), make("p", { text: say(`diagnostics.${key}_text`) }), make("dl", {}, ...lines));

const groups = (value) => {
  const { blocks, totals } = value;
  const asked = blocks ? blocks.hits + blocks.misses : 0;
  const cache = blocks ? group("blocks", line("count", number(blocks.blocks)), used("ram", blocks.ram, blocks.ram_limit),
    line("files", number(blocks.spilled)), used("disk", blocks.disk, blocks.disk_limit),
    line("hit_rate", asked ? say("diagnostics.hits", { rate: share(blocks.hits, asked), hits: number(blocks.hits), asked: number(asked), disk: number(blocks.from_disk) }) : say("diagnostics.not_asked")))
    : group("blocks", line("count", say("diagnostics.elsewhere")));
  const prefix = group("prefix", line("limit", value.prefix_limit === null ? say("diagnostics.elsewhere") : value.prefix_limit ? bytes(value.prefix_limit) : say("diagnostics.off")),
    line("reused", totals.prompt_tokens ? say("diagnostics.reused_of", { rate: share(totals.cached_tokens, totals.prompt_tokens), part: number(totals.cached_tokens), whole: number(totals.prompt_tokens) }) : say("diagnostics.not_asked")));
  const seconds = (value) => value.toLocaleString(tag, { style: "unit", unit: "second", maximumFractionDigits: 2 });
  const replies = group("replies", line("replies_count", number(totals.replies)), line("written", say("diagnostics.tokens", { count: number(totals.completion_tokens) })),
    ...(totals.first_token_seconds ? [line("first", seconds(totals.first_token_seconds))] : []),
    ...(totals.tokens_per_second ? [line("speed", say("diagnostics.per_second", { count: number(Math.round(totals.tokens_per_second)) }))] : []));
  return [cache, prefix, replies];
};

function draw() {
  const value = props.value || {};
  const head = make("header", { class: "ml-head" }, make("div", { class: "ml-titles" },
    make("h2", { text: say("diagnostics.title") }), make("p", { text: say("diagnostics.subtitle") })),
    make("div", { class: "ml-head-buttons" }, textButton(say("diagnostics.refresh"), () => trigger("select", {}), { id: "diagnostics-refresh" }, icon("again"))));
  const body = value.totals ? make("div", { class: "dg-groups" }, ...groups(value))
    : make("p", { class: "mn-faint", text: say("status.wait") });
  page.replaceChildren(head, body);
}
watch("value", draw);
draw();
