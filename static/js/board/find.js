// Search while typing: characters, pinyin or its first letters. Enter asks the server, which searches the same way.
"use strict";
(() => {
  const field = document.getElementById("q");
  let waiting = 0;
  Board.sift = () => {
    const wanted = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const missed = new Set();
    let found = 0;
    for (const row of Board.root.querySelectorAll(".row")) {
      let any = wanted.length === 0;
      for (const block of row.querySelectorAll(".block")) {
        const hit = wanted.every((word) => block.dataset.f.includes(word));
        block.classList.toggle("miss", !hit);
        any = any || hit;
        found += hit;
        if (!hit) missed.add(block.dataset.s);
      }
      row.classList.toggle("norow", !any);
    }
    for (const item of document.querySelectorAll("#board-list > li")) {
      item.hidden = missed.has(item.dataset.s);
    }
    return wanted.length ? found : null;
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const found = Board.sift();
      Board.tell(found === null ? "" : Board.words("found", { count: found }));
    }, 120);
  });
  for (const select of document.querySelectorAll(".sift select, .sift input[type=date]")) {
    select.addEventListener("change", () => { select.form.requestSubmit(); });
  }
})();
