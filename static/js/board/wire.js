// Talking to the server: JSON both ways, the form token in a header; and the side panel.
"use strict";
Board.post = async (path, body) => {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": Board.root.dataset.token },
      body: JSON.stringify(body),
    });
    const json = (answer.headers.get("Content-Type") || "").includes("json");
    return { status: answer.status, body: json ? await answer.json() : {} };
  } catch {
    return { status: 0, body: {} };
  }
};

// One listener for all blocks: the session opens beside the board; with a modifier key the link is a link.
Board.root.addEventListener("click", (event) => {
  const block = event.target.closest(".block");
  if (!block || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (typeof htmx === "undefined") return;
  event.preventDefault();
  document.getElementById("panel").dataset.for = block.dataset.s;
  htmx.ajax("GET", block.getAttribute("href"), { target: "#panel", select: "#detail", swap: "innerHTML" });
});
// What a narrow block cannot show stands in its tip, made when it is pointed at.
Board.root.addEventListener("pointerover", (event) => {
  const block = event.target.closest(".block");
  if (block && !block.title) block.title = block.querySelector("b").textContent + block.querySelector(".ears").textContent;
});
// The panel's own scripts (page.js) give the focus back to what opened it.
Board.root.addEventListener("focusin", (event) => { Board.last = event.target.closest(".block") || Board.last; });
