/* Light and dark: the reader's choice, else that of their device; on paper always light.
   Charts name tokens, "var(--ink)"; the page is asked what these are when a chart is drawn. */
(function () {
  "use strict";

  var root = document.documentElement;
  var named = /var\((--[\w-]+)\)/g;
  var plotly = null;
  var drawn = null;

  function theme() {
    return root.dataset.mantineColorScheme === "dark" ? "dark" : "light";
  }

  function coloured(thing, tokens) {
    if (typeof thing === "string") {
      return thing.indexOf("var(") < 0
        ? thing
        : thing.replace(named, function (_all, name) {
            return tokens.getPropertyValue(name).trim();
          });
    }
    if (Array.isArray(thing)) {
      return typeof thing[0] === "number" ? thing : thing.map(function (one) { return coloured(one, tokens); });
    }
    if (thing && Object.getPrototypeOf(thing) === Object.prototype) {
      var made = {};
      Object.keys(thing).forEach(function (key) { made[key] = coloured(thing[key], tokens); });
      return made;
    }
    return thing;
  }

  function inTheme(figure) {
    var tokens = window.getComputedStyle(root);
    return Object.assign({}, figure, {
      data: coloured(figure.data, tokens),
      layout: coloured(figure.layout, tokens),
    });
  }

  function redraw() {
    document.querySelectorAll(".js-plotly-plot").forEach(function (place) {
      if (place.ligtasFigure) drawn(place, place.ligtasFigure);
    });
  }

  function wear(wanted) {
    if (wanted === theme() && root.dataset.mantineColorScheme) return;
    root.dataset.mantineColorScheme = wanted;
    if (plotly) redraw();
  }

  function mark() {
    document.querySelectorAll("[data-theme-switch]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(theme() === "dark"));
    });
  }

  window.ligtas = Object.assign(window.ligtas || {}, {
    /* Called by our plotly bundle as it loads. */
    themed: function (loaded) {
      plotly = loaded;
      var react = loaded.react;
      drawn = function (place, figure) {
        place.ligtasFigure = figure;
        return react.call(loaded, place, inTheme(figure));
      };
      loaded.react = drawn;
      return loaded;
    },
    /* What a saved picture shows, in the light theme: it will lie on white. */
    inLight: function (work) {
      var worn = root.dataset.mantineColorScheme;
      root.dataset.mantineColorScheme = "light";
      try {
        return work(inTheme);
      } finally {
        root.dataset.mantineColorScheme = worn;
      }
    },
    markTheme: mark,
  });

  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest("[data-theme-switch]")) return;
    var wanted = theme() === "dark" ? "light" : "dark";
    try {
      window.localStorage.setItem("theme", wanted);
    } catch (refused) {
      /* Private windows may refuse; the choice then holds for this page. */
    }
    wear(wanted);
    mark();
  });
  window.addEventListener("storage", function (event) {
    if (event.key === "theme" && (event.newValue === "dark" || event.newValue === "light")) {
      wear(event.newValue);
      mark();
    }
  });

  var before = null;
  window.addEventListener("beforeprint", function () {
    before = theme();
    wear("light");
  });
  window.addEventListener("afterprint", function () {
    if (before) wear(before);
  });
  document.addEventListener("DOMContentLoaded", mark);
})();
