// The page keeps itself up to date: when the server tells of a change, it is fetched again, and what differs is changed in place, so that
// focus, selection and scrolling stay. Without this script the pages are plain pages.
(function () {
  "use strict";

  var connection = document.getElementById("connection");
  var source = null;
  var tries = 0;
  var timer = 0;
  var fetching = false;
  var again = false;
  var pending = false;
  var later = 0;

  function say(text, lost) {
    if (connection.textContent !== text) {
      connection.textContent = text;
    }
    connection.classList.toggle("lost", Boolean(lost));
  }

  // Times.

  function unit(n, what) {
    return n.toLocaleString("en-US") + " " + what + (n === 1 ? "" : "s");
  }

  // As Go's ago says it.
  function ago(seconds) {
    var before = "", after = " ago", s = Math.floor(seconds), text;
    if (seconds < 0) {
      s = Math.floor(-seconds);
      before = "in ";
      after = "";
    }
    if (s < 5) {
      return before === "" ? "just now" : "now";
    } else if (s < 60) {
      text = unit(s, "second");
    } else if (s < 3600) {
      text = unit(Math.floor(s / 60), "minute");
    } else if (s < 48 * 3600) {
      text = unit(Math.floor(s / 3600), "hour");
    } else if (s < 60 * 86400) {
      text = unit(Math.floor(s / 86400), "day");
    } else if (s < 2 * 365 * 86400) {
      text = unit(Math.floor(s / (30 * 86400)), "month");
    } else {
      var tenths = Math.floor(s / (365 * 8640));
      text = Math.floor(tenths / 10).toLocaleString("en-US") + "." + tenths % 10 + " years";
    }
    return before + text + after;
  }

  function setText(element, text) {
    var node = element.firstChild;
    if (node && node.nodeType === Node.TEXT_NODE && node === element.lastChild) {
      if (node.nodeValue !== text) {
        node.nodeValue = text;
      }
    } else {
      element.textContent = text;
    }
  }

  function tick() {
    var now = Date.now();
    document.querySelectorAll("time[data-ago]").forEach(function (element) {
      var at = Date.parse(element.getAttribute("datetime"));
      if (!isNaN(at)) {
        setText(element, ago((now - at) / 1000));
      }
    });
  }

  // Changing in place.

  function keyOf(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) {
      return "";
    }
    return node.id ? "#" + node.id : node.hasAttribute("data-key") ? node.nodeName + node.getAttribute("data-key") : "";
  }

  function alike(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  }

  function morph(from, to) {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) {
        from.nodeValue = to.nodeValue;
        if (from.parentElement && from.nodeValue.trim() !== "") {
          flash(from.parentElement);
        }
      }
      return;
    }
    if (from.isEqualNode(to)) {
      return;
    }
    var i, name;
    // What a reader types, chooses or opens is theirs.
    var own = from.matches("input, select, textarea, details");
    if (!own) {
      for (i = from.attributes.length - 1; i >= 0; i--) {
        name = from.attributes[i].name;
        if (!to.hasAttribute(name) && name !== "class") {
          from.removeAttribute(name);
        }
      }
      for (i = 0; i < to.attributes.length; i++) {
        name = to.attributes[i].name;
        if (from.getAttribute(name) !== to.attributes[i].value) {
          from.setAttribute(name, to.attributes[i].value);
        }
      }
    }
    if (own && from.nodeName !== "DETAILS") {
      return;
    }
    if (from.matches("time[data-ago]") && to.matches("time[data-ago]")) {
      setText(from, to.textContent);
      return;
    }
    morphChildren(from, to);
  }

  function morphChildren(from, to) {
    var keyed = {}, child, key;
    for (child = from.firstChild; child; child = child.nextSibling) {
      key = keyOf(child);
      if (key) {
        keyed[key] = child;
      }
    }
    var wanted = {};
    for (child = to.firstChild; child; child = child.nextSibling) {
      key = keyOf(child);
      if (key) {
        wanted[key] = true;
      }
    }
    var at = from.firstChild, next, match, following;
    for (child = to.firstChild; child; child = following) {
      following = child.nextSibling;
      key = keyOf(child);
      // What is not wanted any more makes room, so that rows that stay are not moved.
      while (at && keyOf(at) && !wanted[keyOf(at)]) {
        next = at.nextSibling;
        from.removeChild(at);
        at = next;
      }
      match = key ? keyed[key] : null;
      if (match && match.nodeName === child.nodeName) {
        if (match !== at) {
          from.insertBefore(match, at);
        } else {
          at = at.nextSibling;
        }
        morph(match, child);
      } else if (!key && at && alike(at, child)) {
        next = at.nextSibling;
        morph(at, child);
        at = next;
      } else {
        match = document.importNode(child, true);
        from.insertBefore(match, at);
        if (match.nodeType === Node.ELEMENT_NODE) {
          flash(match);
        }
      }
    }
    while (at) {
      next = at.nextSibling;
      from.removeChild(at);
      at = next;
    }
  }

  function flash(element) {
    var shown = element.closest("tr, li, .tile, .notice");
    if (!shown || element.matches("time")) {
      return;
    }
    shown.classList.remove("changed");
    void shown.getBoundingClientRect();
    shown.classList.add("changed");
  }

  document.addEventListener("animationend", function (event) {
    event.target.classList.remove("changed");
  });

  function selecting() {
    var selection = document.getSelection();
    return Boolean(selection) && !selection.isCollapsed && document.getElementById("main").contains(selection.anchorNode);
  }

  function refresh() {
    if (fetching) {
      again = true;
      return;
    }
    if (selecting()) {
      pending = true; // changing what somebody is about to copy would take the selection away
      return;
    }
    fetching = true;
    fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", credentials: "same-origin" })
      .then(function (response) {
        if (!(response.headers.get("Content-Type") || "").startsWith("text/html")) {
          throw new Error("no page");
        }
        return response.text();
      })
      .then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        if (scriptOf(page) !== scriptOf(document)) {
          location.reload(); // the server is another version
          return;
        }
        ["phase", "rejects-badge", "main", "footer"].forEach(function (id) {
          var from = document.getElementById(id), to = page.getElementById(id);
          if (from && to) {
            morph(from, to);
          }
        });
        tick();
        later = onceMore(later);
      })
      .catch(function () {
        // The stream tells whether the server is there.
      })
      .then(function () {
        fetching = false;
        if (again) {
          again = false;
          refresh();
        }
      });
  }

  function scriptOf(page) {
    var script = page.querySelector("script[src]");
    return script ? script.getAttribute("src") : "";
  }

  // What is older than the latest commit is asked for again.
  function onceMore(timer) {
    var after = Number(document.getElementById("main").getAttribute("data-again"));
    clearTimeout(timer);
    return after > 0 ? setTimeout(refresh, after) : 0;
  }

  document.addEventListener("selectionchange", function () {
    if (pending && !selecting()) {
      pending = false;
      refresh();
    }
  });

  // The stream. A hidden page lets go of it: browsers open only a few connections to one server.

  function close() {
    clearTimeout(timer);
    if (source) {
      source.close();
      source = null;
    }
  }

  function open() {
    close();
    source = new EventSource("/events");
    source.addEventListener("hello", function () {
      var missed = tries > 0 || pending;
      tries = 0;
      say("live", false);
      if (missed || open.seen) {
        refresh();
      }
      open.seen = true;
    });
    source.addEventListener("change", refresh);
    source.onerror = function () {
      close();
      tries++;
      say("not connected", true);
      var pause = Math.min(30000, 500 * Math.pow(2, Math.min(tries, 6)));
      timer = setTimeout(open, pause / 2 + Math.random() * pause / 2);
    };
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) {
      close();
    } else if (!source) {
      tries = 0;
      open();
    }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      open();
    }
  });

  // What a chart's marks say, at once and under a finger too. Without this script the browser shows their titles.

  var tip = null;

  function hideTip() {
    if (tip) {
      tip.remove();
      tip = null;
    }
  }

  document.addEventListener("pointerover", function (event) {
    hideTip();
    var mark = event.target.closest ? event.target.closest(".dwh-chart rect, .dwh-chart circle") : null;
    var title = mark ? mark.querySelector("title") : null;
    if (!title && !(mark && mark.hasAttribute("data-tip"))) {
      return;
    }
    if (title) {
      mark.setAttribute("data-tip", title.textContent);
      title.remove(); // or the browser's own would follow
    }
    tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("aria-hidden", "true"); // the table below the chart has the numbers
    tip.textContent = mark.getAttribute("data-tip");
    document.body.appendChild(tip);
    var box = mark.getBoundingClientRect(), own = tip.getBoundingClientRect();
    var left = Math.min(Math.max(event.clientX - own.width / 2, 4), window.innerWidth - own.width - 4);
    var top = box.top - own.height - 6;
    tip.style.left = left + "px";
    tip.style.top = (top < 4 ? box.bottom + 6 : top) + "px";
  });
  document.addEventListener("scroll", hideTip, true);
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      hideTip();
    }
  });

  tick();
  setInterval(tick, 5000);
  later = onceMore(0);
  if (!document.hidden) {
    open();
  }
})();
