// Keyboard and small repairs of the page: "/" writes, Esc stops, the message box has a name, the panel opens on a phone.
(() => {
  const { say, make, icon } = window.mneme;
  const box = () => document.querySelector("#message-box textarea");
  window.mneme.write = (text) => {
    const area = box();
    if (!area) return;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
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
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const area = box();
      if (area && area.offsetParent) { event.preventDefault(); area.focus(); }
    }
  });
  const repair = () => {
    const area = box();
    if (area && !area.getAttribute("aria-label")) area.setAttribute("aria-label", say("chat.box"));
    for (const [selector, key] of [["#message-box .submit-button", "chat.send"], ["#message-box .stop-button", "chat.stop"], ["#message-box .upload-button", "chat.attach"], [".sidebar .toggle-button", "sidebar.toggle"]]) {
      const button = document.querySelector(selector);
      if (button && button.getAttribute("aria-label") !== say(key)) { button.setAttribute("aria-label", say(key)); button.title = say(key); }
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
