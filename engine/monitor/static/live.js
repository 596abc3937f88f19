/* Fetch the live part of the page every five seconds; without this script the page reloads itself every thirty. */
(function () {
  "use strict";
  var live = document.getElementById("live");
  var lost = document.getElementById("lost");
  if (!live) { return; }

  function busy() {
    var at = document.activeElement;
    var begun = live.querySelectorAll("input[name=reason]");
    for (var i = 0; i < begun.length; i++) {
      if (begun[i].value) { return true; }
    }
    return at && live.contains(at) && (at.tagName === "INPUT" || at.tagName === "BUTTON");
  }

  function fetchLive() {
    if (document.hidden || busy()) { return again(); }
    var request = new XMLHttpRequest();
    request.open("GET", live.getAttribute("data-address"));
    request.timeout = 15000;
    request.onload = function () {
      if (request.status === 401) { window.location.href = "/"; return; }
      if (request.status === 200) {
        if (!busy()) { live.innerHTML = request.responseText; }
        lost.hidden = true;
      } else {
        lost.hidden = false;
      }
      again();
    };
    request.onerror = request.ontimeout = function () { lost.hidden = false; again(); };
    request.send();
  }

  function again() { window.setTimeout(fetchLive, 5000); }
  again();
})();
