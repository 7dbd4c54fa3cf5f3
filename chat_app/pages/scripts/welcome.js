// The first-visit view: what memory is, in two sentences, with prompts to try. Also how far the start is.
const { say, make } = window.mneme;
const root = element.querySelector(".mn-welcome");
function draw() {
  const value = props.value || {};
  document.body.classList.toggle("mn-empty", Boolean(value.empty));
  const examples = [1, 2, 3].map((number) => make("button", { type: "button", class: "mn-example", click: () => window.mneme.write(say(`chat.example_${number}`)) },
    make("strong", { text: say(`chat.example_${number}_title`) }), make("span", { text: say(`chat.example_${number}`) })));
  root.replaceChildren(make("span", { class: "mn-logo mn-big", "aria-hidden": "true" }), make("h1", { text: say("chat.welcome") }),
    make("p", { text: `${say("chat.welcome_1")} ${say("chat.welcome_2")}` }), make("div", { class: "mn-examples" }, ...examples));
}
watch("value", draw);
draw();
