// Under the message box: the switch that pauses memory, and the keys.
const { say, make, icon } = window.mneme;
element.querySelector(".mn-hint").replaceChildren(
  make("button", { type: "button", class: "mn-link mn-quiet-link", id: "pause-memory", click: () => window.mneme.pauseMemory() }, icon("pause"), say("mode.pause")),
  make("span", { class: "mn-hint-keys", text: say("chat.hint") }),
  make("button", { type: "button", class: "mn-link mn-quiet-link", id: "show-keys", click: () => window.mneme.showKeys() }, say("keys.all")));
