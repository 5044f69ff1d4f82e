// Taps on the studio floor over bad Wi-Fi: kept on the phone until the server has answered, then sent once more only
// with the same token, so that none counts twice. Old WebViews read this: no newer syntax, no fetch, no promises.
(function () {
  "use strict";
  var box = document.getElementById("sending");
  if (!box || !window.XMLHttpRequest || !window.JSON) return;
  var PLACE = "taps " + location.pathname;
  var WAITS = [1, 2, 4, 8, 15];
  var TIMEOUT = 10000, STALE = 15 * 60 * 1000;
  var queue = load(), busy = false, timer = 0, tries = 0;

  function load() {
    try {
      var kept = JSON.parse(localStorage.getItem(PLACE)) || [];
      return kept.filter(function (one) { return Date.now() - one.at < STALE; });
    } catch (problem) { return []; }
  }
  function keep() {
    try { localStorage.setItem(PLACE, JSON.stringify(queue)); } catch (problem) { /* kept in this page alone */ }
  }
  function encoded(form) {
    var parts = [], i, field;
    for (i = 0; i < form.elements.length; i += 1) {
      field = form.elements[i];
      if (field.name) parts.push(encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
    }
    return parts.join("&");
  }
  function action(form) { return form.getAttribute("action"); }

  document.addEventListener("submit", function (event) {
    var form = event.target, what = form.getAttribute("data-tap");
    if (!what) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // The same verb is on its way: pressing again adds nothing.
    var waiting = queue.some(function (one) { return one.url === action(form); });
    if (!waiting) {
      queue.push({ url: action(form), body: encoded(form), what: what, at: Date.now() });
      keep();
    }
    tries = 0;
    send();
  }, true);

  function send() {
    clearTimeout(timer);
    if (busy || !queue.length) { show(); return; }
    busy = true;
    show();
    var one = queue[0], request = new XMLHttpRequest();
    request.open("POST", one.url);
    request.timeout = TIMEOUT;
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.onload = function () {
      // 5xx and "too many" are the server's bad moment; anything else is its answer.
      if (request.status >= 500 || request.status === 429 || request.status === 0) { again(); return; }
      queue.shift();
      keep();
      busy = false;
      tries = 0;
      // A page too old for its form token is loaded anew, and says what stands.
      if (request.status >= 400) { location.reload(); return; }
      renew(request.responseText);
      send();
    };
    request.onerror = request.ontimeout = again;
    request.send(one.body);
  }
  function again() {
    busy = false;
    show();
    timer = setTimeout(send, WAITS[Math.min(tries, WAITS.length - 1)] * 1000);
    tries += 1;
  }
  function renew(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    var fresh = page.getElementById("live"), here = document.getElementById("live"), i;
    if (!fresh || !here) { location.reload(); return; }
    var old = document.querySelectorAll("#main > .note"), notes = page.querySelectorAll("#main > .note");
    for (i = 0; i < old.length; i += 1) old[i].parentNode.removeChild(old[i]);
    for (i = notes.length - 1; i >= 0; i -= 1) {
      box.parentNode.insertBefore(document.importNode(notes[i], true), box.parentNode.firstChild);
    }
    here.innerHTML = fresh.innerHTML;
    window.scrollTo(0, 0);
  }
  function button(label, press) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", press);
    return made;
  }
  function show() {
    box.hidden = !queue.length;
    box.textContent = "";
    var taps = document.querySelectorAll("form[data-tap] button"), i;
    for (i = 0; i < taps.length; i += 1) {
      var url = action(taps[i].form);
      taps[i].setAttribute("aria-busy", queue.some(function (one) { return one.url === url; }) ? "true" : "false");
    }
    if (!queue.length) return;
    var said = box.getAttribute(busy ? "data-sending" : "data-retry");
    var line = document.createElement("p");
    line.textContent = said.replace("{what}", queue.map(function (one) { return one.what; }).join(", "));
    box.appendChild(line);
    if (busy) return;
    box.appendChild(button(box.getAttribute("data-now"), function () { tries = 0; send(); }));
    box.appendChild(button(box.getAttribute("data-drop"), function () {
      clearTimeout(timer);
      queue = [];
      keep();
      show();
    }));
  }
  window.addEventListener("online", function () { tries = 0; send(); });
  send();
})();
