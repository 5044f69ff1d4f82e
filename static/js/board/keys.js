// By keyboard: arrows move the focused session, Enter drops it, Escape leaves it where it was.
"use strict";
(() => {
  const act = (event, block) => {
    const big = event.shiftKey ? 5 : 15;
    const { key } = event;
    if (key === "Escape") { if (!Board.moving) return false; Board.leave(); block.focus(); return true; }
    if (key === "Enter") { if (!Board.moving) return false; Board.drop(); return true; }
    if (key === " ") { if (Board.moving || !block.dataset.may?.includes("move")) return false; Board.pick(block); return true; }
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 0, ArrowDown: 0, "+": 0, "=": 0, "-": 0, "−": 0 }[key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return false;
    const may = (block.dataset.may || "").split(" ");
    const stretches = "+=-−".includes(key);
    if (!may.includes(stretches ? "end" : "move") || (stretches && Board.week)) { Board.tell(Board.words("fixed"), "warn"); return true; }
    if (!Board.moving) lift(block);
    const move = Board.moving;
    if (stretches) Board.change({ stretch: move.stretch + ("+=".includes(key) ? big : -big) });
    else if (!by) Board.change({ row: beside(move.row, key === "ArrowUp" ? -1 : 1) });
    else if (Board.week) Board.change({ days: inWeek(move.main.day, move.days + by) ? move.days + by : move.days });
    else Board.change({ shift: move.shift + by * big });
    Board.root.querySelector(".ghost")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return true;
  };
  const lift = (block) => {
    const picked = block.classList.contains("picked") ? [...Board.root.querySelectorAll(".block.picked[data-may~=move]")] : [block];
    Board.lift(picked, block);
  };
  const beside = (key, by) => {
    const rows = Board.rows();
    const at = rows.findIndex((row) => row.dataset.row === key);
    return (rows[at + by] || rows[at]).dataset.row;
  };
  const inWeek = (day, by) => {
    const cells = [...Board.root.querySelector(".row .days").children].map((cell) => cell.dataset.day);
    const at = cells.indexOf(day) + by;
    return at >= 0 && at < cells.length;
  };
  Board.root.addEventListener("keydown", (event) => {
    const block = event.target.closest(".block");
    if (block && act(event, block)) { event.preventDefault(); event.stopPropagation(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    Board.undo();
  });
  Board.root.addEventListener("focusout", () => {
    // Focus that leaves the board leaves the move too; a question about it keeps both.
    setTimeout(() => {
      const here = document.activeElement;
      if (Board.moving && here !== document.body && !Board.root.contains(here) && !here.closest("dialog")) Board.leave();
    });
  });
})();
