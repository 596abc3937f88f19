/* Put parts of the page that changed in their places, as the engine's one stream tells of them; without this script the overview reloads itself. */
(function () {
  "use strict";
  var address = document.body.getAttribute("data-live");
  var lost = document.getElementById("lost");
  var waiting = {};
  var stream = null;
  var again = 0;
  if (!address) { return; }

  function busy(part) {
    var begun = part.querySelectorAll("input[name=reason]");
    for (var i = 0; i < begun.length; i++) {
      if (begun[i].value) { return true; }
    }
    return part.contains(document.activeElement);
  }

  function put(id, html) {
    var part = document.getElementById(id);
    if (!part) { return; }
    if (busy(part)) { waiting[id] = html; return; }
    delete waiting[id];
    var open = [];
    var folded = part.querySelectorAll("details");
    for (var i = 0; i < folded.length; i++) { open.push(folded[i].open); }
    part.innerHTML = html;
    folded = part.querySelectorAll("details");
    for (var j = 0; j < folded.length && j < open.length; j++) { folded[j].open = open[j]; }
  }

  function putWaiting() {
    Object.keys(waiting).forEach(function (id) { put(id, waiting[id]); });
  }

  function listen() {
    window.clearTimeout(again);
    if (stream || document.hidden) { return; }
    stream = new window.EventSource(address);
    stream.addEventListener("part", function (event) {
      var told = JSON.parse(event.data);
      lost.hidden = true;
      put(told.id, told.html);
    });
    stream.addEventListener("away", function () { lost.hidden = false; });
    stream.addEventListener("ended", function () { leave(); window.location.href = "/"; });
    stream.onerror = function () {
      lost.hidden = false;
      leave();
      again = window.setTimeout(listen, 3000);
    };
  }

  function leave() {
    if (stream) { stream.close(); }
    stream = null;
  }

  document.addEventListener("focusout", function () { window.setTimeout(putWaiting, 0); });
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { leave(); } else { listen(); }
  });
  window.addEventListener("pagehide", leave);
  if (window.EventSource) {
    listen();
  } else {
    window.setTimeout(function () { window.location.reload(); }, 60000);
  }
})();
