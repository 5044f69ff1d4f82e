// Small comforts; every page works without them.
(() => {
  "use strict";
  // A form is sent once, however long a file takes to go up: it is held until the page that answers stands here, until
  // the way there is broken off (the browser's stop), or until this page is shown again. What only reads is never held.
  const free = () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    });
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("method") !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    // A form that a script answers goes nowhere.
    setTimeout(() => { if (event.defaultPrevented) free(); });
  });
  addEventListener("pageshow", free);
  addEventListener("keydown", (event) => { if (event.key === "Escape") free(); });
  if (window.navigation) {
    navigation.addEventListener("navigate", (event) => { event.signal.addEventListener("abort", free); });
  }
  // The first fault of a form gets the focus.
  const wrong = document.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
  // On a phone menus and tabs scroll: their current entry is brought into view.
  document.querySelectorAll(".menu [aria-current]").forEach((here) => {
    here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 20;
  });
  // The board opens with now at a quarter of its width.
  const settle = () => {
    const board = document.querySelector(".board");
    const now = board && board.querySelector(".now");
    if (!now || board.dataset.settled) return;
    board.dataset.settled = "1";
    const left = now.getBoundingClientRect().left - board.getBoundingClientRect().left;
    const rooms = board.querySelector(".room").offsetWidth;
    board.scrollLeft = left - rooms - (board.clientWidth - rooms) / 4;
  };
  settle();
  // A page that follows by itself waits while a question stands open or a field is being filled in.
  document.addEventListener("htmx:before:request", (event) => {
    const part = event.target;
    if (!(part instanceof Element) || !part.id || part.getAttribute("hx-trigger") === null) return;
    if (part.querySelector("details[open], input:focus, select:focus, textarea:focus")) event.preventDefault();
  });
  // What is left until a deadline counts down; the words come from the page itself ("3 h 20 min left").
  const told = () => {
    document.querySelectorAll("[data-until]").forEach((place) => {
      const minutes = Math.floor((new Date(place.dataset.until) - Date.now()) / 60000);
      if (minutes < 0) return;
      const parts = place.textContent.match(/\d+/g) || [];
      const hours = Math.floor(minutes / 60);
      // Only where hours and minutes both stand can the figures alone be changed; others wait for the next reading.
      if (parts.length !== 2 || hours === 0 || minutes % 60 === 0) return;
      let at = 0;
      place.textContent = place.textContent.replace(/\d+/g, () => [hours, minutes % 60][at++]);
    });
  };
  setInterval(told, 30000);
  // What is to be passed on is copied by a button, which shows only where it works.
  const copy = async (place) => {
    if (navigator.clipboard) { await navigator.clipboard.writeText(place.textContent); return true; }
    // Without TLS browsers offer no clipboard; the selection can still be copied.
    getSelection().selectAllChildren(place);
    return document.execCommand("copy");
  };
  document.querySelectorAll("[data-copies]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (await copy(document.getElementById(button.dataset.copies)).catch(() => false)) button.textContent = button.dataset.copied;
    });
  });
  // One box ticks all of a name in its form; it shows only where it works, and says when not all are ticked.
  document.querySelectorAll("[data-ticks]").forEach((all) => {
    const boxes = [...all.form.elements].filter((box) => box.type === "checkbox" && box.name === all.dataset.ticks);
    const tell = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    };
    all.closest("label").hidden = boxes.length === 0;
    all.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); tell(); });
    boxes.forEach((box) => box.addEventListener("change", tell));
    tell();
  });
  // Escape closes the side panel and gives the focus back.
  let opener = null;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-opens-panel]");
    if (link) opener = link;
    if (event.target.closest("[data-closes-panel]")) { event.preventDefault(); close(); }
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  const close = () => {
    const panel = document.getElementById("panel");
    if (!panel || !panel.firstChild) return;
    panel.replaceChildren();
    if (opener) opener.focus();
  };
})();
