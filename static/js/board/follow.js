// Following what others do: only rows that have changed are taken over, a few at a time, never while something is moved.
"use strict";
(() => {
  const EVERY = 20000, AT_ONCE = 12;
  const list = document.getElementById("rows");
  const phone = matchMedia("(max-width: 640px)");
  let running = null;

  const frame = () => new Promise((done) => { requestAnimationFrame(done); });
  const made = (row) => {
    const element = document.createElement("div");
    element.className = "row";
    element.dataset.row = row.key;
    Board.watch(element);
    return element;
  };
  const fill = (element, row) => {
    const here = element.contains(document.activeElement) ? document.activeElement.dataset.s : null;
    element.dataset.sum = row.sum;
    element.innerHTML = row.html;
    if (here) element.querySelector('[data-s="' + here + '"]')?.focus({ preventScroll: true });
  };
  const take = async (told) => {
    const fresh = new Map(told.rows.map((row) => [row.key, row]));
    const known = new Map([...list.querySelectorAll(".row")].map((row) => [row.dataset.row, row]));
    for (const [key, element] of known) if (!told.keys.includes(key)) element.remove();
    let before = list.querySelector(".over"), done = 0;
    for (const key of told.keys) {
      let element = known.get(key);
      if (!element) element = made(fresh.get(key));
      if (fresh.has(key)) { fill(element, fresh.get(key)); done += 1; }
      const place = before ? before.nextElementSibling : list.firstElementChild;
      if (place !== element) list.insertBefore(element, place);
      before = element;
      if (done >= AT_ONCE) { done = 0; await frame(); }
    }
    for (const count of document.querySelectorAll("[data-count]")) count.textContent = told.counts[count.dataset.count] || 0;
    if (told.list) document.getElementById("board-list").outerHTML = told.list;
    if (told.now !== null) Board.showNow?.(told.now);
  };
  Board.showNow = (slot) => {
    const line = list.querySelector(".over .now");
    if (line) line.className = "now s" + slot;
    list.className = "rows has-now n" + slot;
  };
  const once = async () => {
    const sums = Object.fromEntries([...list.querySelectorAll(".row")].map((row) => [row.dataset.row, row.dataset.sum]));
    const { status, body } = await Board.post(Board.root.dataset.rows + location.search, { sums, phone: phone.matches });
    if (status !== 200 || Board.moving) return;
    await take(body);
    Board.sift?.();
    Board.arrange?.();
  };
  // Resolves once what stands on the server stands here; asked for while one is on its way, another follows it.
  Board.follow = () => {
    if (Board.moving) return Promise.resolve();
    const mine = (running || Promise.resolve()).then(once).finally(() => { if (running === mine) running = null; });
    running = mine;
    return mine;
  };
  setInterval(() => { if (!document.hidden && !running) Board.follow(); }, EVERY);
})();
