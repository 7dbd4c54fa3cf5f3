// Every conversation, page and document has an address: /?c=CONVERSATION&p=PAGE&d=DOCUMENT. Back and Forward go there.
// What the page shows tells what the address is to be; what one goes back to is asked for with `listen`.
(() => {
  const PAGES = ["chat", "memory", "documents", "training", "models"];
  const read = () => {
    const query = new URLSearchParams(location.search);
    const p = PAGES.includes(query.get("p")) ? query.get("p") : "chat";
    return { c: query.get("c") || "", p, d: p === "documents" ? query.get("d") || "" : "" };
  };
  let wanted = {}, due = 0, instead = true; // what changed in this moment; does all of it take the entry's place?
  const write = () => {
    due = 0;
    const place = { ...read(), ...wanted };
    const url = new URL(location.href);
    for (const [key, value] of Object.entries({ ...place, p: place.p === "chat" ? "" : place.p, d: place.p === "documents" ? place.d : "" })) {
      value ? url.searchParams.set(key, value) : url.searchParams.delete(key);
    }
    if (url.href !== location.href) history[instead ? "replaceState" : "pushState"](null, "", url);
    wanted = {};
    instead = true;
  };
  const listeners = [];
  let going = null, since = 0; // the conversation gone back to, until the page shows it
  window.addEventListener("popstate", () => {
    clearTimeout(due);
    wanted = {};
    const place = read();
    [going, since] = [place.c, Date.now()];
    turn(place.p);
    for (const listener of listeners) listener(place);
  });
  const turn = (p) => {
    const button = document.querySelector(`#tab-${p}-button`);
    if (button && button.getAttribute("aria-selected") !== "true") button.click();
    return Boolean(button);
  };
  window.mneme.address = {
    read,
    // The page shows this now. `replace`: as the first thing, or instead of what is gone.
    set(place, replace = false) {
      if ("c" in place && going !== null) {
        if (place.c !== going && Date.now() - since < 5000) return; // the answer to an earlier step
        going = null;
      }
      Object.assign(wanted, place);
      instead = instead && replace;
      clearTimeout(due);
      due = setTimeout(write, 40);
    },
    turn,
    listen(listener) { listeners.push(listener); },
  };
  document.addEventListener("DOMContentLoaded", () => {
    const first = read().p;
    let started = first === "chat";
    const follow = new MutationObserver(() => {
      const button = document.querySelector("#nav button[id^=tab-][aria-selected=true]");
      if (!button) return;
      if (!started) { started = document.body.classList.contains("mn-filled") && turn(first); return; }
      const p = button.id.replace(/^tab-|-button$/g, "");
      if (PAGES.includes(p) && p !== (wanted.p || read().p)) window.mneme.address.set({ p });
    });
    follow.observe(document.body, { attributes: true, attributeFilter: ["aria-selected", "class"], childList: true, subtree: true });
  });
})();
