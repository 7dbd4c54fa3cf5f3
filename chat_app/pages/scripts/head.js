// Runs in the head, before Gradio: language, light or dark, and the words for the page's own scripts.
// Placeholders: __WORDS__ (the table of words.py), __COOKIE__, __GUARDED__ (a password guards the page).
(() => {
  const words = __WORDS__;
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) {
      try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private mode */ }
    },
  };
  const listeners = new Set();

  // ---- language: the visitor's choice, otherwise the browser's ----
  const native = navigator.language || "en";
  const chosen = store.get("mneme_language");
  const language = chosen === "en" || chosen === "zh" ? chosen : native.toLowerCase().startsWith("zh") ? "zh" : "en";
  const tag = language === "zh" ? "zh-CN" : native.toLowerCase().startsWith("en") ? native : "en";
  // Gradio's own words follow navigator.language; there is no other switch.
  Object.defineProperty(navigator, "language", { get: () => tag, configurable: true });
  Object.defineProperty(navigator, "languages", { get: () => [tag], configurable: true });
  document.cookie = `__COOKIE__=${language}; path=/; max-age=31536000; samesite=strict`;
  document.documentElement.lang = tag;

  // ---- light or dark: the visitor's choice, otherwise the system's ----
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const choice = store.get("mneme_theme");
    return choice === "dark" || (choice !== "light" && media.matches);
  };
  const paint = () => {
    document.documentElement.style.colorScheme = isDark() ? "dark" : "light";
    if (document.body && document.body.classList.contains("dark") !== isDark()) {
      document.body.classList.toggle("dark", isDark());
    }
    listeners.forEach((listener) => listener());
  };
  media.addEventListener("change", () => setTimeout(paint));
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    // Gradio sets the class from the system when it starts and whenever the system changes.
    new MutationObserver(() => {
      if (document.body.classList.contains("dark") !== isDark()) document.body.classList.toggle("dark", isDark());
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });

  // ---- helpers of the page's scripts: nodes are built from text only, never from markup ----
  const say = (key, values = {}) => {
    const entry = words[key];
    if (!entry) return key;
    return entry[language === "zh" ? 1 : 0].replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
  };
  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "text") node.textContent = value;
      else if (key === "click") node.addEventListener("click", value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  };
  const SHAPES = {
    check: "M5 12.5l4.5 4.5L19 7.5", plus: "M12 5v14M5 12h14", pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3-1-6ZM12 15v5", mute: "M4 9v6h4l5 4V5L8 9H4Zm13 0 4 6m0-6-4 6",
    edit: "M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4", trash: "M5 7h14M10 7V5h4v2M7 7l1 13h8l1-13", close: "M6 6l12 12M18 6 6 18",
    left: "M14 6l-6 6 6 6", right: "M10 6l6 6-6 6", sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
    moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10Z", screen: "M4 5h16v11H4zM9 20h6M12 16v4", panel: "M4 5h16v14H4zM15 5v14",
    chat: "M5 5h14v11H10l-5 4z", file: "M7 3h7l4 4v14H7zM14 3v4h4", note: "M5 5h14v9l-5 5H5zM14 19v-5h5", again: "M5 12a7 7 0 1 0 2-5M5 4v4h4", go: "M8 16 16 8M9 8h7v7",
    download: "M12 4v11M7 11l5 5 5-5M5 20h14",
    leave: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
    trace: "M5 5h14v11H10l-5 4zM4 3l17 18", pause: "M9 6v12M15 6v12", unpin: "M9 4h6l-1 6 3 3v2H7v-2l3-3-1-6ZM12 15v5M4 4l16 16", search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16 16l4 4",
    undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3", copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    boost: "M6 13l6-6 6 6M6 19l6-6 6 6", question: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.5 9.5a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.8-.9 1.4v.3M12 16.8h.01",
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", "mn-icon");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", SHAPES[name] || "");
    svg.append(path);
    return svg;
  };
  const iconButton = (name, title, click, extra = {}) =>
    make("button", { type: "button", class: "mn-icon-button", title, "aria-label": title, click, ...extra }, icon(name));

  // A question before something is deleted, or (`mild`) put aside. Resolves to true or false; `typed` must be typed to agree.
  const ask = ({ title, text, yes, typed = "", mild = false }) => new Promise((resolve) => {
    const input = typed ? make("input", { class: "mn-input", "aria-label": typed, placeholder: typed, autocomplete: "off" }) : null;
    const agree = make("button", { type: "submit", class: `mn-button ${mild ? "mn-primary" : "mn-danger"}`, text: yes, disabled: Boolean(typed) });
    const refuse = make("button", { type: "button", class: "mn-button", text: say("frame.cancel") });
    const form = make("form", {}, make("h2", { text: title }), make("p", { text }), input,
      make("div", { class: "mn-dialog-buttons" }, refuse, agree));
    const dialog = make("dialog", { class: "mn-dialog", "aria-label": title }, form);
    const end = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    input?.addEventListener("input", () => { agree.disabled = input.value.trim() !== typed; });
    form.addEventListener("submit", (event) => { event.preventDefault(); end(true); });
    refuse.addEventListener("click", () => end(false));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    document.body.append(dialog);
    dialog.showModal();
    (input || refuse).focus();
  });

  const day = (seconds) => {
    const date = new Date(seconds * 1000);
    const start = (value) => new Date(value.getFullYear(), value.getMonth(), value.getDate()).getTime();
    const distance = Math.round((start(new Date()) - start(date)) / 86400000);
    if (distance === 0) return say("sidebar.today");
    if (distance === 1) return say("sidebar.yesterday");
    const options = { day: "numeric", month: "long" };
    if (date.getFullYear() !== new Date().getFullYear()) options.year = "numeric";
    return date.toLocaleDateString(tag, options);
  };
  const when = (seconds) => new Date(seconds * 1000).toLocaleString(tag, { dateStyle: "medium", timeStyle: "short" });

  window.mneme = {
    say, make, icon, iconButton, ask, day, when, language, tag, native, store, isDark, guarded: __GUARDED__,
    theme: () => store.get("mneme_theme") || "system",
    setTheme(value) { store.set("mneme_theme", value === "system" ? null : value); paint(); },
    setLanguage(value) { store.set("mneme_language", value); location.reload(); },
    onPaint(listener) { listeners.add(listener); },
    phone: () => window.matchMedia("(max-width: 900px)").matches,
  };

  // On a phone an open sidebar covers the page.
  if (window.matchMedia("(max-width: 900px)").matches) {
    for (const component of window.gradio_config?.components || []) {
      if (component.type === "sidebar") component.props.open = false;
    }
  }
})();
