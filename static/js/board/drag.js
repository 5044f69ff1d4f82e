// By mouse or pen: press, move, let go. The right edge changes the end. Fingers scroll: phones have the list and the form.
"use strict";
(() => {
  const ENOUGH = 4, EDGE = 9, NEAR = 40;
  let held = null, wanted = null, dragged = false;

  const start = (event) => {
    const block = event.target.closest(".block[data-may]");
    if (!block || event.button !== 0 || event.pointerType === "touch" || Board.moving) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const may = block.dataset.may.split(" ");
    const edge = !Board.week && may.includes("end") && block.getBoundingClientRect().right - event.clientX < EDGE;
    if (!edge && !may.includes("move")) return;
    held = { block, edge, x: event.clientX, y: event.clientY, scroll: Board.root.scrollLeft, pointer: event.pointerId };
    dragged = false;
  };
  const move = (event) => {
    if (!held) return;
    if (!dragged) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < ENOUGH) return;
      dragged = true;
      Board.root.setPointerCapture(held.pointer);
      const picked = held.block.classList.contains("picked") && !held.edge ? [...Board.root.querySelectorAll(".block.picked[data-may~=move]")] : [held.block];
      Board.lift(picked, held.block);
    }
    const first = wanted === null;
    wanted = { x: event.clientX, y: event.clientY, fine: event.shiftKey };
    if (first) requestAnimationFrame(apply);
  };
  const apply = () => {
    const at = wanted;
    wanted = null;
    if (!held || !Board.moving || !at) return;
    follow(at);
    const row = held.edge ? null : rowAt(at);
    if (Board.week) {
      const cell = document.elementsFromPoint(at.x, at.y).find((one) => one.matches?.(".cell"));
      if (cell) Board.change({ row: Board.rowOf(cell).dataset.row, days: days(Board.moving.main.day, cell.dataset.day) });
      return;
    }
    const pixels = at.x - held.x + Board.root.scrollLeft - held.scroll;
    const by = at.fine ? 5 : 15;
    const minutes = Math.round((pixels / Board.COLUMN) * Board.SLOT / by) * by;
    Board.change(held.edge ? { stretch: minutes } : { shift: minutes, row: row || Board.moving.row });
  };
  const days = (a, b) => Math.round((Date.parse(b) - Date.parse(a)) / 86400000);
  const rowAt = (at) => {
    const row = document.elementsFromPoint(at.x, at.y).find((one) => one.matches?.(".row"));
    return row ? row.dataset.row : null;
  };
  // Near an edge the board scrolls along.
  const follow = (at) => {
    const box = Board.root.getBoundingClientRect();
    const by = (low, high, value) => (value < low + NEAR ? -24 : value > high - NEAR ? 24 : 0);
    const dx = by(box.left + 148, box.right, at.x), dy = by(box.top + 28, box.bottom, at.y);
    if (dx || dy) Board.root.scrollBy(dx, dy);
  };
  const end = () => {
    if (held && dragged && Board.moving) {
      if (wanted) apply();
      Board.drop();
    }
    held = null;
    wanted = null;
  };
  Board.root.addEventListener("pointerdown", start);
  Board.root.addEventListener("pointermove", move);
  Board.root.addEventListener("pointerup", end);
  Board.root.addEventListener("pointercancel", () => { held = null; wanted = null; Board.leave(); });
  // Letting go is no click; a click with a modifier picks several.
  Board.root.addEventListener("click", (event) => {
    if (dragged) { dragged = false; event.preventDefault(); event.stopPropagation(); return; }
    const block = event.target.closest(".block[data-may~=move]");
    if (block && (event.ctrlKey || event.metaKey || event.shiftKey)) { event.preventDefault(); event.stopPropagation(); Board.pick(block); }
  }, true);
  Board.pick = (block) => {
    block.classList.toggle("picked");
    Board.tell(Board.words("picked", { count: Board.root.querySelectorAll(".picked").length }));
  };
})();
