// Links the words of the reply that the panel shows with the memories they were read from. Runs in the head.
// Knows what history keeps of a read (reply_words.py): [from, up to, mass], in code points of the reply's plain text.
(() => {
  const { say } = window.mneme;
  const LETTER = /[\p{L}\p{N}]/u;
  const LOOK = 160; // letters that Markdown may have dropped in one place: addresses of links, names of languages
  const SAME = 6; // letters in a row that have to agree behind such a place
  let reply = null; // { message, text, reads }
  let words = []; // [{ start, end, cards: Map(id → 0…1) }]
  let held = -1; // the word that was tapped, or has the focus
  let card = ""; // id of the card whose words are lit
  let listener = () => {};

  // ---- which word was read from which memory ----
  const linked = ({ reads }) => {
    const found = new Map();
    const most = Math.max(...reads.map((read) => read.attention || 0), 1e-9);
    for (const read of reads) {
      const top = Math.max(...(read.words || []).map((word) => word[2]), 0);
      for (const [start, end, mass] of read.words || []) {
        const span = top - read.attention;
        const own = span > 0 ? 0.25 + 0.75 * Math.max(0, (mass - read.attention) / span) : 1; // of this memory's own mass
        const key = `${start}-${end}`;
        if (!found.has(key)) found.set(key, { start, end, cards: new Map(), own: new Map() });
        found.get(key).own.set(read.id, own);
        const share = own * (read.attention / most); // a memory that was hardly looked at shines less
        if (share >= 0.1) found.get(key).cards.set(read.id, share);
      }
    }
    return [...found.values()].sort((a, b) => a.start - b.start);
  };

  // ---- plain text → what Markdown made of it: letters are matched in order ----
  const row = () => reply && document.querySelector(`#chat .bot-row[data-message="${CSS.escape(reply.message)}"]`);
  const raw = (text) => [...text].map((char, at) => ({ char: char.toLowerCase(), at })).filter((one) => LETTER.test(one.char));
  const drawn = (body) => {
    const letters = [];
    const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      let at = 0;
      for (const char of node.data) {
        if (LETTER.test(char)) letters.push({ char: char.toLowerCase(), node, at, end: at + char.length });
        at += char.length;
      }
    }
    return letters;
  };
  const agree = (a, i, b, j) => {
    const run = Math.min(SAME, a.length - i, b.length - j);
    for (let step = 0; step < run; step++) if (a[i + step].char !== b[j + step].char) return false;
    return run > 0;
  };
  const align = (a, b) => {
    const found = new Map(); // place in the plain text → letter that is drawn
    let i = 0, j = 0, lost = 0;
    while (i < a.length && j < b.length && lost < 20) {
      if (a[i].char === b[j].char) { found.set(a[i].at, b[j]); i += 1; j += 1; continue; }
      let next = null;
      for (let step = 1; step <= LOOK && !next; step++) {
        for (let left = step; left >= 0 && !next; left--) if (agree(a, i + left, b, j + step - left)) next = [left, step - left];
      }
      if (!next) lost += 1;
      i += next ? next[0] : 1;
      j += next ? next[1] : 1;
    }
    return found;
  };

  // ---- spans around the words ----
  const unwrap = () => {
    for (const span of document.querySelectorAll("#chat .mn-word")) {
      const parent = span.parentNode;
      span.replaceWith(...span.childNodes);
      parent.normalize();
    }
  };
  const wrap = () => {
    if (!words.length) return;
    const body = row()?.querySelector(".message .md") || row()?.querySelector(".message");
    if (!body || body.querySelector(".mn-word") || document.body.classList.contains("mn-streaming")) return;
    const letters = raw(reply.text);
    const places = align(letters, drawn(body));
    if (places.size < letters.length / 2) return; // another text stands there
    const cuts = new Map(); // text node → [[from, up to, word]]
    words.forEach((word, index) => {
      for (let at = word.start; at < word.end; at++) {
        const letter = places.get(at);
        if (!letter) continue;
        const list = cuts.get(letter.node) || cuts.set(letter.node, []).get(letter.node);
        const last = list.at(-1);
        if (last?.[2] === index) last[1] = letter.end;
        else list.push([letter.at, letter.end, index]);
      }
    });
    let first = true;
    for (const [node, list] of cuts) {
      list.sort((a, b) => a[0] - b[0]);
      for (const [start, end, index] of list.reverse()) {
        const middle = node.splitText(start);
        middle.splitText(end - start);
        const span = document.createElement("span");
        span.className = "mn-word";
        span.dataset.word = index;
        span.tabIndex = -1;
        middle.replaceWith(span);
        span.append(middle);
      }
    }
    for (const span of body.querySelectorAll(".mn-word")) {
      if (first) span.tabIndex = 0; // one stop of the Tab key; arrows go on from there
      first = false;
    }
    paint();
  };
  const spans = () => [...document.querySelectorAll("#chat .mn-word")];
  const paint = () => {
    for (const span of spans()) {
      const share = card ? words[span.dataset.word]?.own.get(card) : 0;
      span.classList.toggle("mn-lit", Boolean(share));
      span.classList.toggle("mn-held", Number(span.dataset.word) === held);
      if (share) span.style.setProperty("--mn-lit", share.toFixed(2));
    }
  };
  const tell = (index, { show = false } = {}) => listener(words[index]?.cards || new Map(), show);
  const describe = (span) => {
    const cards = words[span.dataset.word]?.cards || new Map();
    const texts = reply.reads.filter((read) => cards.has(read.id) && read.text).map((read) => `“${[...read.text].slice(0, 60).join("")}”`);
    span.setAttribute("aria-description", texts.length ? say("reads.word_from", { texts: texts.join(", ") }) : say("reads.word_from_none"));
  };

  const at = (event) => event.target.closest?.("#chat .mn-word");
  const hold = (index) => { held = index; paint(); };
  const start = () => {
    document.addEventListener("mouseover", (event) => { const span = at(event); if (span) tell(span.dataset.word); });
    document.addEventListener("mouseout", (event) => { if (at(event)) tell(held); });
    document.addEventListener("focusin", (event) => {
      const span = at(event);
      if (!span) return;
      for (const other of spans()) other.tabIndex = other === span ? 0 : -1;
      describe(span);
      hold(Number(span.dataset.word));
      tell(held, { show: true });
    });
    document.addEventListener("focusout", (event) => { if (at(event) && !window.mneme.narrow()) { hold(-1); tell(-1); } });
    document.addEventListener("keydown", (event) => {
      const span = at(event);
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!span || !step) return;
      event.preventDefault();
      const all = spans();
      all[Math.min(all.length - 1, Math.max(0, all.indexOf(span) + step))].focus();
    });
    document.addEventListener("click", (event) => {
      const span = at(event);
      if (span) {
        hold(Number(span.dataset.word));
        tell(held, { show: true });
        if (window.mneme.narrow()) window.mneme.drawer(true); // where the panel covers the reply
      } else if (event.target.closest?.("#chat")) { hold(-1); tell(-1); light(""); }
    });
    let due = 0;
    new MutationObserver(() => { cancelAnimationFrame(due); due = requestAnimationFrame(wrap); })
      .observe(document.body, { childList: true, subtree: true });
  };
  const light = (id) => { card = id; paint(); };
  window.mneme.narrow = () => window.matchMedia("(max-width: 1100px)").matches;
  window.mneme.words = {
    // The reply of the panel, or null. The same one again only takes over what is known of its reads.
    show(next) {
      const same = reply && next && reply.message === next.message && reply.text === next.text;
      reply = next;
      if (same) return;
      unwrap();
      words = next ? linked(next) : [];
      held = -1;
      card = "";
      tell(-1);
      if (next) wrap();
    },
    light, // the words read from a card; "" for none
    has: (id) => words.some((word) => word.own.has(id)),
    first: () => spans().find((span) => span.classList.contains("mn-lit")),
    listen(callback) { listener = callback; }, // gets the lit cards, id → 0…1, and whether they should be scrolled to
  };
  document.addEventListener("DOMContentLoaded", start);
})();
