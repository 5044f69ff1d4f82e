// Parts of a page that follow what happens: by an event stream where one is offered and to be had, else by asking every
// few seconds. What comes replaces only the parts that differ; nothing that came before is kept.
(() => {
  "use strict";
  const SILENT_SECONDS = 25; // a stream says something every ten: one that does not has died somewhere on its way
  const AGAIN_SECONDS = 30; // a stream that was refused is tried again

  // Rows have keys and come and go; whatever else stays where it is and changes what it holds. An element that is still
  // there is never made anew: somebody may stand on it with the keyboard, or be about to press it.
  const patch = (here, next) => {
    if (here.isEqualNode(next)) return;
    if (here.nodeName !== next.nodeName) return here.replaceWith(document.importNode(next, true));
    if (here.nodeType !== Node.ELEMENT_NODE) return void (here.nodeValue = next.nodeValue);
    for (const { name } of [...here.attributes]) if (name !== "open" && !next.hasAttribute(name)) here.removeAttribute(name);
    for (const { name, value } of next.attributes) if (here.getAttribute(name) !== value) here.setAttribute(name, value);
    inside(here, next);
  };
  const inside = (box, fresh) => {
    if (fresh.hasAttribute("data-rows")) return rows(box, fresh);
    const wanted = [...fresh.childNodes];
    while (box.childNodes.length > wanted.length) box.lastChild.remove();
    wanted.forEach((next, at) => at < box.childNodes.length ? patch(box.childNodes[at], next) : box.append(document.importNode(next, true)));
  };
  const rows = (box, fresh) => {
    const wanted = new Map([...fresh.children].map((row) => [row.dataset.key, row]));
    const known = new Map([...box.children].map((row) => [row.dataset.key, row]));
    // First those that are gone: the rest then stand where they stood, and are not moved.
    for (const [key, row] of known) if (!wanted.has(key)) row.remove();
    [...wanted].forEach(([key, next], at) => {
      const here = known.get(key) || document.importNode(next, true);
      if (here !== box.children[at]) box.insertBefore(here, box.children[at] || null);
      patch(here, next);
    });
  };
  const put = (box, text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of box.querySelectorAll("[data-part]")) {
      const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (next && next.innerHTML !== part.innerHTML) inside(part, next);
    }
  };

  const follow = (box) => {
    const every = Number(box.dataset.every) * 1000;
    let source = null, tag = "", asking = 0, watching = 0, again = 0, heard = Date.now();
    const show = (how) => {
      for (const word of box.querySelectorAll("[data-following]")) word.hidden = word.dataset.following !== how;
      box.dataset.how = how;
    };
    const stop = () => {
      if (source) source.close();
      source = null;
      clearInterval(asking); clearInterval(watching); clearTimeout(again);
      asking = watching = again = 0;
    };
    const over = () => { stop(); show("over"); };
    const ask = async () => {
      try {
        const answer = await fetch(box.dataset.follows, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {}, signal: AbortSignal.timeout(Math.max(every, 5000)) });
        if (answer.status === 200) { put(box, await answer.text()); tag = answer.headers.get("ETag") || ""; }
        else if (answer.status !== 304) throw new Error(answer.status);
        if (answer.headers.has("X-Over")) over();
        else if (asking) show("asks");
      } catch { if (asking) show("lost"); }
    };
    const poll = () => {
      stop();
      asking = setInterval(ask, every);
      ask();
      if (box.dataset.stream) again = setTimeout(stream, AGAIN_SECONDS * 1000);
    };
    const stream = () => {
      stop();
      heard = Date.now();
      source = new EventSource(box.dataset.stream);
      const listen = (name, act) => source.addEventListener(name, (event) => { heard = Date.now(); act(event); });
      listen("now", (event) => { put(box, event.data); show("stream"); });
      listen("beat", () => show("stream"));
      listen("over", (event) => { put(box, event.data); over(); });
      // Refused (503: all places are taken) it is closed for good; a connection that broke is taken up by the browser.
      source.onerror = () => { if (!source || source.readyState === EventSource.CLOSED) poll(); else show("lost"); };
      watching = setInterval(() => { if (Date.now() - heard > SILENT_SECONDS * 1000) poll(); }, 5000);
    };
    const start = box.dataset.stream ? stream : poll;
    // Who does not look needs no connection; browsers have six for all pages of a site together.
    document.addEventListener("visibilitychange", () => {
      if (box.dataset.how === "over") return;
      if (document.hidden) stop(); else start();
    });
    if (!document.hidden) start();
  };
  document.querySelectorAll("[data-follows]").forEach(follow);

  // The clock of a wall.
  const clock = document.querySelector("[data-clock]");
  if (clock) {
    const form = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: clock.dataset.clock });
    setInterval(() => { clock.textContent = form.format(new Date()); }, 1000);
  }
  // Fills the screen by a press where the browser can.
  const whole = document.querySelector("[data-fills-screen]");
  if (whole && document.documentElement.requestFullscreen) {
    whole.hidden = false;
    whole.addEventListener("click", () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  }
})();
