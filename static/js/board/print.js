// The print button; without scripts the browser's own does it.
"use strict";
document.querySelector("[data-prints]")?.addEventListener("click", () => { print(); });
