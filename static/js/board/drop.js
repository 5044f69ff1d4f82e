// A move from its first minute to its end: shown as a ghost, asked about, dropped or left, and taken back.
"use strict";
(() => {
  const KEPT = "xinji-undo", MOST = 20, PAUSE = 140;
  const undoButton = document.getElementById("board-undo");
  const dialog = document.getElementById("board-reason");
  const step = (text) => { const [y, m, d] = text.split("-").map(Number); return Date.UTC(y, m - 1, d) / 86400000; };
  const dayAfter = (text, by) => new Date((step(text) + by) * 86400000).toISOString().slice(0, 10);
  let asked = 0, timer = 0, bands = null;

  // Board.moving: { parts, main, row, shift, stretch, days }: minutes, rows by key, days of the week.
  Board.lift = (blocks, main) => {
    const parts = blocks.map(Board.read);
    const lead = Board.read(main);
    Board.moving = { parts, main: lead, row: lead.row, shift: 0, stretch: 0, days: 0 };
    for (const part of parts) part.block.classList.add("lifted");
    if (!Board.week) showBands(lead);
    show();
  };
  Board.change = (values) => {
    const move = Board.moving;
    if (Object.keys(values).every((name) => move[name] === values[name])) return;
    Object.assign(move, values);
    const least = (move.main.starts - move.main.ends) / Board.MINUTE + Board.SLOT;
    move.stretch = Math.max(move.stretch, least);
    show();
    clearTimeout(timer);
    if (same(move)) { mark(""); return; }
    timer = setTimeout(check, PAUSE);
  };
  const same = (move) => !move.shift && !move.stretch && !move.days && move.row === move.main.row;

  const moves = (move) => move.parts.map((part) => {
    const one = { session_id: part.id, version: part.version };
    const at = (value) => new Date(value).toISOString().replace(".000Z", "Z");
    if (move.shift) { one.starts_at = at(part.starts + move.shift * Board.MINUTE); one.ends_at = at(part.ends + move.shift * Board.MINUTE); }
    if (move.stretch) one.ends_at = at(part.ends + (move.shift + move.stretch) * Board.MINUTE);
    if (move.days) one.day = dayAfter(part.day, move.days);
    if (move.row !== move.main.row && move.parts.length === 1) {
      if (Board.byHost) { one.host_id = part.row; one.to_host_id = move.row; } else one.studio_id = move.row;
    }
    return one;
  });

  const ghosts = () => Board.root.querySelectorAll(".ghost");
  const show = () => {
    const move = Board.moving;
    for (const old of ghosts()) old.remove();
    for (const part of move.parts) {
      const row = Board.rowNamed(move.parts.length === 1 ? move.row : part.row);
      const ghost = part.block.cloneNode(true);
      for (const name of ["href", "data-s", "data-may", "title"]) ghost.removeAttribute(name);
      ghost.setAttribute("aria-hidden", "true");
      ghost.classList.remove("lifted", "picked");
      ghost.classList.add("ghost");
      if (move.mark) ghost.classList.add(move.mark);
      if (Board.week) {
        row.querySelector('[data-day="' + dayAfter(part.day, move.days) + '"]')?.append(ghost);
      } else {
        const first = Board.slot(part.starts + move.shift * Board.MINUTE);
        const last = Board.slot(part.ends + (move.shift + move.stretch) * Board.MINUTE);
        ghost.className = ghost.className.replace(/\b[sek]\d+\b/g, "");
        ghost.classList.add("s" + Math.min(first, Board.SLOTS - 1), "e" + Math.max(last, first + 1), "k1");
        row.querySelector(".lanes").append(ghost);
      }
    }
    Board.tell(Board.words("moving", { where: where(move) }));
  };
  const where = (move) => {
    const { starts, ends } = move.main;
    const row = Board.nameOf(Board.rowNamed(move.row));
    const day = move.days ? dayAfter(move.main.day, move.days) + " " : "";
    const by = move.shift * Board.MINUTE;
    return day + Board.clock(starts + by) + "–" + Board.clock(ends + by + move.stretch * Board.MINUTE) + ", " + row;
  };
  const mark = (kind) => {
    if (Board.moving) Board.moving.mark = kind;
    for (const ghost of ghosts()) { ghost.classList.remove("hard", "soft", "fits"); if (kind) ghost.classList.add(kind); }
  };

  const check = async () => {
    const mine = ++asked, move = Board.moving;
    const { status, body } = await Board.post(Board.root.dataset.check, { moves: moves(move) });
    if (mine !== asked || Board.moving !== move) return;
    const list = (found) => found.map((one) => one.message).join(" ");
    if (status !== 200) { mark("hard"); Board.tell(body.detail || Board.words("lost"), "bad"); }
    else if (body.hard.length) { mark("hard"); Board.tell(where(move) + ". " + Board.words("hard", { why: list(body.hard) }), "bad"); }
    else if (body.soft.length) { mark("soft"); Board.tell(where(move) + ". " + Board.words("soft", { why: list(body.soft) }), "warn"); }
    else { mark("fits"); Board.tell(where(move) + ". " + Board.words("fits"), "ok"); }
  };

  const showBands = async (lead) => {
    const over = document.getElementById("over");
    const answer = await fetch(Board.root.dataset.spans + "?session=" + lead.id + "&day=" + Board.root.dataset.day).catch(() => null);
    if (!answer || !answer.ok || Board.moving?.main.id !== lead.id) return;
    bands = (await answer.json()).bands.map((band) => {
      const element = document.createElement("i");
      element.className = "busy " + band.css;
      element.title = band.why;
      element.append(Object.assign(document.createElement("span"), { textContent: band.why }));
      return element;
    });
    over.append(...bands);
  };

  Board.leave = (text = Board.words("cancelled")) => {
    const move = Board.moving;
    if (!move) return;
    clearTimeout(timer);
    asked += 1;
    for (const ghost of ghosts()) ghost.remove();
    for (const one of Board.root.querySelectorAll(".lifted")) one.classList.remove("lifted");
    for (const band of bands || []) band.remove();
    bands = null;
    Board.moving = null;
    if (text !== null) Board.tell(text);
  };
  Board.drop = async () => {
    const move = Board.moving;
    if (!move) return;
    if (same(move)) { Board.leave(); return; }
    clearTimeout(timer);
    asked += 1;
    const wanted = moves(move), id = move.main.id, key = move.row;
    let answer = await Board.post(Board.root.dataset.move, { moves: wanted });
    if (answer.status === 409 && answer.body.code === "needs_override") {
      const reason = await why(answer.body.conflicts);
      if (!reason) { Board.leave(); return back(id); }
      answer = await Board.post(Board.root.dataset.move, { moves: wanted, reason });
    }
    Board.leave(null);
    // First kept, then told: whoever reads that it moved can take it back at once.
    if (answer.status === 200) push(answer.body.back);
    await settled(answer, "dropped");
    back(id, key);
  };
  const back = (id, key) => Board.find(id, key)?.focus({ preventScroll: true });
  const settled = async (answer, said) => {
    if (answer.status === 200) Board.tell(Board.words(said, { now: answer.body.said }), "ok");
    else {
      const told = (answer.body.conflicts || []).map((one) => one.message).join(" ");
      Board.tell(told ? Board.words("hard", { why: told }) : answer.body.detail || Board.words("lost"), "bad");
    }
    for (const one of Board.root.querySelectorAll(".picked")) one.classList.remove("picked");
    if (answer.status) await Board.follow();
  };
  const why = (conflicts) => new Promise((done) => {
    const field = document.getElementById("board-reason-text");
    document.getElementById("board-why").replaceChildren(...conflicts.map((one) => Object.assign(document.createElement("li"), { textContent: one.message })));
    field.value = "";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => { done(dialog.returnValue === "go" ? field.value.trim() : ""); }, { once: true });
    dialog.showModal();
    field.focus();
  });

  const stack = () => { try { return JSON.parse(sessionStorage.getItem(KEPT)) || []; } catch { return []; } };
  const keep = (all) => {
    sessionStorage.setItem(KEPT, JSON.stringify(all.slice(-MOST)));
    undoButton.hidden = all.length === 0;
    undoButton.textContent = Board.words("undo") + (all.length > 1 ? " (" + all.length + ")" : "");
  };
  const push = (moved) => keep([...stack(), moved]);
  Board.undo = async () => {
    const all = stack();
    if (!all.length || Board.moving) return;
    const last = all.pop();
    keep(all);
    const answer = await Board.post(Board.root.dataset.move, { moves: last, reason: Board.words("undo") });
    if (answer.status === 200) fresh(all, answer.body.back);
    await settled(answer, "undone");
  };
  // What was taken back has a new version: older entries of the same session go on from there.
  const fresh = (all, moved) => {
    const versions = new Map(moved.map((one) => [one.session_id, one.version]));
    keep(all.map((batch) => batch.map((one) => (versions.has(one.session_id) ? { ...one, version: versions.get(one.session_id) } : one))));
  };
  undoButton.addEventListener("click", () => Board.undo());
  keep(stack());
})();
