/* Ligtas in the browser: two components, links without a reload, and handing the page over
   from the server's HTML to Dash. No data, no rules, no texts. */
(function () {
  "use strict";

  function inline(tag, props, extra) {
    var attributes = Object.assign({ dangerouslySetInnerHTML: { __html: props.markup } }, extra);
    if (props.id) attributes.id = props.id;
    if (props.className) attributes.className = props.className;
    return window.React.createElement(tag, attributes);
  }

  window.ligtas = Object.assign(window.ligtas || {}, {
    Svg: function (props) {
      return inline("span", props, props.title ? { role: "img", "aria-label": props.title } : {});
    },
    Markup: function (props) {
      return inline(props.tag || "div", props, props.attributes || {});
    },
  });

  /* Internal pages open without a reload; Dash's Location hears the event. */
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-page]");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (!document.querySelector("#react-entry-point [data-shown]")) return; // Dash not ready: a plain link
    event.preventDefault();
    window.history.pushState({}, "", link.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    arriving = true;
  });

  var arriving = false;
  var focusable = "a[href],button,input,select,summary";

  function place(root) {
    return Array.prototype.indexOf.call(root.querySelectorAll(focusable), document.activeElement);
  }

  function handOver(page) {
    var server = document.getElementById("ssr");
    if (!server) return;
    var at = place(server);
    var id = document.activeElement && document.activeElement.id;
    server.remove();
    var same = at >= 0 ? page.querySelectorAll(focusable)[at] : id && document.getElementById(id);
    if (same) same.focus();
  }

  function shown() {
    var page = document.querySelector("#react-entry-point [data-shown]");
    if (!page) return;
    handOver(page);
    window.ligtas.markTheme();
    document.title = page.getAttribute("data-title") || document.title;
    document.documentElement.lang = page.getAttribute("lang") || document.documentElement.lang;
    if (!arriving || page.getAttribute("data-shown") === seen) {
      seen = page.getAttribute("data-shown");
      return;
    }
    seen = page.getAttribute("data-shown");
    arriving = false;
    page.querySelectorAll("header details[open]").forEach(function (menu) {
      menu.open = false;
    });
    var wanted = document.getElementById(window.location.hash.slice(1));
    if (wanted && wanted.matches("a[href],[tabindex]")) return wanted.focus(); // a list in another order, or its next page
    window.scrollTo(0, 0);
    var heading = page.querySelector("h1");
    if (heading) heading.focus({ preventScroll: true });
  }

  var seen = null;
  document.addEventListener("DOMContentLoaded", function () {
    new MutationObserver(shown).observe(document.getElementById("react-entry-point"), {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["data-shown"],
    });
  });
})();
