// The board's geometry and words. The other board scripts build on `Board`; without scripts all of it is links and forms.
"use strict";
const Board = (() => {
  const root = document.getElementById("board");
  const told = document.getElementById("board-say");
  const week = root.classList.contains("week");
  const from = Date.parse(root.dataset.from);
  const zone = root.dataset.zone;
  const wall = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const MINUTE = 60000, SLOT = 5, SLOTS = Number(root.dataset.slots), COLUMN = 8;

  const words = (name, given = {}) =>
    (told.dataset[name] || "").replace(/%\((\w+)\)s/g, (_, key) => given[key] ?? "");
  const tell = (text, kind = "") => {
    told.textContent = text;
    told.className = "board-say" + (kind ? " is-" + kind : "");
  };
  const rows = () => [...root.querySelectorAll(".row:not(.norow)")];
  const rowOf = (element) => element.closest(".row");
  const rowNamed = (key) => root.querySelector('.row[data-row="' + key + '"]');
  const nameOf = (row) => row.querySelector(".room > :first-child").textContent.trim();
  const find = (id, key) => (key && rowNamed(key)?.querySelector('[data-s="' + id + '"]')) || root.querySelector('[data-s="' + id + '"]');
  const slot = (at) => Math.max(0, Math.min(SLOTS, Math.round((at - from) / MINUTE / SLOT)));
  const clock = (at) => wall.format(new Date(at));
  // What a block says of itself: planned times, version, where it stands.
  const read = (block) => ({
    block,
    id: block.dataset.s,
    version: Number(block.dataset.v),
    starts: Date.parse(block.dataset.a),
    ends: Date.parse(block.dataset.b),
    row: rowOf(block).dataset.row,
    day: block.closest("[data-day]")?.dataset.day,
    may: (block.dataset.may || "").split(" "),
  });
  return { root, told, week, byHost: root.dataset.by === "host", SLOT, SLOTS, COLUMN, MINUTE, from,
    words, tell, rows, rowOf, rowNamed, nameOf, find, slot, clock, read };
})();

// Rows near the window are marked; their names stay at the left edge, and only they are looked at while scrolling.
(() => {
  const near = new IntersectionObserver((seen) => {
    for (const one of seen) one.target.classList.toggle("near", one.isIntersecting);
  }, { root: Board.root, rootMargin: "160px 0px" });
  Board.watch = (row) => near.observe(row);
  Board.rows().forEach(Board.watch);
  Board.root.classList.add("watched");
})();

// What reaches in from the left keeps its words in sight. By script, at rest: position: sticky on 600 of them makes as
// many layers, and each frame 65 ms long.
(() => {
  const { root, week } = Board;
  if (week) return;
  let waiting = 0, pushed = [];
  const arrange = () => {
    const from = root.scrollLeft;
    const cut = [];
    for (const row of root.querySelectorAll(".row.near:not(.norow)")) {
      for (const block of row.querySelectorAll(".block[data-s]")) {
        const by = from - block.offsetLeft + row.firstElementChild.offsetWidth;
        if (by > 0 && by < block.offsetWidth - 24) cut.push([block, by]);
      }
    }
    for (const block of pushed) block.style.removeProperty("padding-left");
    for (const [block, by] of cut) block.style.setProperty("padding-left", by + 8 + "px");
    pushed = cut.map(([block]) => block);
  };
  Board.arrange = () => { clearTimeout(waiting); waiting = setTimeout(arrange, 90); };
  root.addEventListener("scroll", Board.arrange, { passive: true });
  Board.arrange();
})();
