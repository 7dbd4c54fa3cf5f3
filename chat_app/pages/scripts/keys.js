// Keyboard and small repairs of the page: "/" writes, Esc stops, "?" shows all keys, Ctrl/⌘+K goes elsewhere, the message box has a name, the panel opens on a phone.
(() => {
  const { say, make, icon } = window.mneme;
  const box = () => document.querySelector("#message-box textarea");
  window.mneme.write = (text, focus = true) => {
    const area = box();
    if (!area) return;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    if (focus) area.focus();
  };
  const apple = /Mac|iPhone|iPad/.test(navigator.platform);
  const KEYS = [[["Enter"], "send"], [["Shift", "Enter"], "line"], [["Esc"], "stop"], [["/"], "write"], [[apple ? "⌘" : "Ctrl", "K"], "jump"],
    [[apple ? "⌘" : "Alt", apple ? "[ ]" : "← →"], "back"], [["?"], "keys"]];
  window.mneme.showKeys = () => {
    if (document.querySelector("dialog[open]")) return;
    const close = make("button", { type: "button", class: "mn-button", text: say("frame.close"), click: () => dialog.close() });
    const rows = KEYS.flatMap(([keys, key]) => [make("dt", {}, ...keys.map((one) => make("kbd", { text: one }))), make("dd", { text: say(`keys.${key}`) })]);
    const dialog = make("dialog", { class: "mn-dialog", id: "keys-dialog", "aria-label": say("keys.title") }, make("h2", { text: say("keys.title") }),
      make("dl", { class: "mn-keys" }, ...rows), make("div", { class: "mn-dialog-buttons" }, close));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    close.focus();
  };

  // The reads panel of a narrow window; the wide page shows it anyway.
  window.mneme.drawer = (open) => document.querySelector("#reads-column")?.classList.toggle("mn-shown", open);
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // an input method is choosing characters
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (document.body.classList.contains("mn-streaming")) document.querySelector("#message-box .stop-button")?.click();
      else window.mneme.drawer(false);
    }
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      window.mneme.jump?.();
    }
    if (event.key === "?" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); window.mneme.showKeys(); }
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const area = box();
      if (area && area.offsetParent) { event.preventDefault(); area.focus(); }
    }
  });
  const BUTTONS = { Retry: ["chat.retry", "again"], Undo: ["chat.undo", "undo"], Edit: ["chat.edit", "edit"], Like: ["chat.like"], Dislike: ["chat.dislike"] };
  const repair = () => {
    const area = box();
    if (area && !area.getAttribute("aria-label")) area.setAttribute("aria-label", say("chat.box"));
    for (const [selector, key] of [["#message-box .submit-button", "chat.send"], ["#message-box .stop-button", "chat.stop"], ["#message-box .upload-button", "chat.attach"], [".sidebar .toggle-button", "sidebar.toggle"]]) {
      const button = document.querySelector(selector);
      if (button && button.getAttribute("aria-label") !== say(key)) { button.setAttribute("aria-label", say(key)); button.title = say(key); }
    }
    // Gradio's buttons under a message: two of its icons look alike, and its names are in part English only.
    for (const [name, [key, shape]] of Object.entries(BUTTONS)) {
      for (const button of document.querySelectorAll(`#chat .message-buttons [aria-label="${name}"]:not([data-named])`)) {
        button.dataset.named = name;
        button.title = say(key);
        if (window.mneme.language === "zh") button.setAttribute("aria-label", say(key));
        if (shape) button.querySelector("svg")?.replaceWith(icon(shape));
      }
    }
    const bar = document.querySelector("#nav .tab-wrapper");
    if (bar && !document.querySelector("#open-reads")) {
      bar.append(make("button", { type: "button", id: "open-reads", class: "mn-button mn-drawer-open", "aria-label": say("reads.title"),
        click: () => window.mneme.drawer() }, icon("panel"), make("span", { text: say("reads.open") })));
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    let due = 0;
    new MutationObserver(() => { if (!due) due = setTimeout(() => { due = 0; repair(); }, 150); }).observe(document.body, { childList: true, subtree: true });
    repair();
  });
})();
