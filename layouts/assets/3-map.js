/* Steps a map through its weeks and figures: all of them came with the page, so nothing is asked
   of the server. Words and shades are the server's; this only puts them where they belong. */
(function () {
  "use strict";

  function show(figure) {
    var told = JSON.parse(figure.querySelector(".mapdata").textContent);
    var chosen = figure.querySelector('[data-map="figure"]').value;
    var slider = figure.querySelector('[data-map="week"]');
    var week = Number(slider.value);
    var one = told.figures[chosen];
    figure.querySelectorAll("path[data-area]").forEach(function (path) {
      var code = path.getAttribute("data-area");
      var step = one.steps[code] ? one.steps[code][week] : null;
      var absent = step === null || step === undefined;
      path.setAttribute("class", absent ? told.absent : one.classes[step]);
      var label = figure.querySelector('[data-label="' + code + '"]');
      if (label) label.setAttribute("data-shape", absent && one.marks.length ? "missing" : one.marks[step] || "");
      var link = path.parentNode;
      var words = told.names[code] + ": " + one.words[code][week];
      link.setAttribute("aria-label", words);
      link.querySelector("title").textContent = words;
    });
    figure.querySelectorAll(".legends > [data-of]").forEach(function (legend) {
      legend.hidden = legend.getAttribute("data-of") !== chosen;
    });
    slider.setAttribute("aria-valuetext", told.days[week]);
    figure.querySelector('[data-map="back"]').disabled = week === 0;
    figure.querySelector('[data-map="on"]').disabled = week === told.days.length - 1;
    var caption = figure.querySelector("figcaption");
    caption.querySelector("b").textContent = one.name;
    caption.lastChild.textContent = ", " + told.days[week];
  }

  function heard(event) {
    var control = event.target.closest && event.target.closest("[data-map]");
    if (control && event.type !== "click") show(control.closest("figure"));
    if (!control || event.type !== "click") return;
    var step = { back: -1, on: 1 }[control.getAttribute("data-map")];
    if (!step) return;
    var figure = control.closest("figure");
    var slider = figure.querySelector('[data-map="week"]');
    slider.value = String(Number(slider.value) + step);
    show(figure);
  }

  ["input", "change", "click"].forEach(function (kind) {
    document.addEventListener(kind, heard);
  });
})();
