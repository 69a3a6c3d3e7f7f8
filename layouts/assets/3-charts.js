/* What charts do in the browser: maps that step through weeks, pictures saved. */
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

/* Saves a chart as a picture that can stand alone: what it shows, the finding, the drawing, its
   key, its source, the day of the data. Words come from the page; nothing leaves the browser. */
(function () {
  "use strict";

  var FONT = "Inter, Arial, sans-serif";
  var PAD = 16;
  var SCALE = 2; // pixels of a PNG for one of the drawing
  var STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-size", "font-weight", "text-anchor", "display"];
  var measure = document.createElement("canvas").getContext("2d");

  function escaped(words) {
    return words.replace(/[&<>"]/g, function (mark) {
      return { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[mark];
    });
  }

  function words(element) {
    return element ? element.textContent.replace(/\s+/g, " ").trim() : "";
  }

  function lines(written, size, strong, width) {
    measure.font = (strong ? "600 " : "") + size + "px " + FONT;
    var made = [];
    written.split(" ").forEach(function (word) {
      var longer = made.length ? made[made.length - 1] + " " + word : word;
      if (made.length && measure.measureText(longer).width <= width) made[made.length - 1] = longer;
      else made.push(word);
    });
    return made;
  }

  /* A key's mark as it looks on the page: an area, a line, a dot or a ring. */
  function keyed(mark, x, y) {
    var look = window.getComputedStyle(mark);
    var height = Math.min(parseFloat(look.height) || 9, 10);
    var width = Math.min(parseFloat(look.width) || 14, 16);
    var round = parseFloat(look.borderTopLeftRadius) >= 4 || look.borderTopLeftRadius.indexOf("%") > 0;
    var clear = look.backgroundColor === "rgba(0, 0, 0, 0)";
    var edge = parseFloat(look.borderTopWidth) ? look.borderTopColor : clear ? look.outlineColor : "none";
    return (
      '<rect x="' + x + '" y="' + (y + (9 - height) / 2) + '" width="' + width + '" height="' + height +
      '" rx="' + (round ? height / 2 : 0) + '" fill="' + (clear ? "none" : look.backgroundColor) +
      '" stroke="' + edge + '"/>'
    );
  }

  /* A sheet grows downwards: every part says how high it is. */
  function Sheet(width) {
    this.width = width;
    this.y = PAD;
    this.parts = [];
  }
  Sheet.prototype.write = function (written, size, strong, colour) {
    if (!written) return;
    var sheet = this;
    lines(written, size, strong, this.width - 2 * PAD).forEach(function (line) {
      sheet.y += size * 1.35;
      sheet.parts.push(
        '<text x="' + PAD + '" y="' + (sheet.y - size * 0.3).toFixed(1) + '" font-size="' + size + '"' +
          (strong ? ' font-weight="600"' : "") + ' fill="' + colour + '">' + escaped(line) + "</text>"
      );
    });
    this.y += 3;
  };
  Sheet.prototype.draw = function (markup, height) {
    this.parts.push('<g transform="translate(' + PAD + " " + this.y + ')">' + markup + "</g>");
    this.y += height + 6;
  };
  Sheet.prototype.key = function (legend, colour) {
    var sheet = this;
    legend.querySelectorAll(":scope > span").forEach(function (entry) {
      if (!words(entry)) return;
      var mark = entry.querySelector("i");
      var shape = entry.querySelector("svg");
      var x = PAD;
      if (mark) {
        sheet.parts.push(keyed(mark, x, sheet.y + 3));
        x += 20;
      }
      if (shape) {
        sheet.parts.push('<g transform="translate(' + x + " " + (sheet.y + 3) + ')">' + inlined(shape).text + "</g>");
        x += 14;
      }
      sheet.parts.push(
        '<text x="' + x + '" y="' + (sheet.y + 11) + '" font-size="11" fill="' + colour + '">' +
          escaped(words(entry)) + "</text>"
      );
      sheet.y += 16;
    });
  };
  Sheet.prototype.svg = function () {
    var height = Math.ceil(this.y + PAD);
    return {
      width: this.width,
      height: height,
      text:
        '<svg xmlns="http://www.w3.org/2000/svg" width="' + this.width + '" height="' + height +
        '" viewBox="0 0 ' + this.width + " " + height + '" font-family="' + FONT +
        '"><rect width="100%" height="100%" fill="#FFFFFF"/>' + this.parts.join("") + "</svg>",
    };
  };

  /* A drawing of the page's own, with the styles it wears written into it. */
  function inlined(drawing) {
    var box = drawing.getBoundingClientRect();
    var copy = drawing.cloneNode(true);
    var worn = drawing.querySelectorAll("*");
    copy.querySelectorAll("*").forEach(function (element, at) {
      var look = window.getComputedStyle(worn[at]);
      STYLES.forEach(function (name) {
        element.style.setProperty(name, look.getPropertyValue(name));
      });
      ["href", "data-page", "tabindex", "class"].forEach(function (name) {
        element.removeAttribute(name);
      });
    });
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    copy.removeAttribute("style");
    return { text: new XMLSerializer().serializeToString(copy), width: box.width, height: box.height };
  }

  function drawingOf(figure) {
    var plot = figure.querySelector(".js-plotly-plot");
    if (!plot) {
      var own = figure.querySelector("svg[data-drawing]");
      return Promise.resolve(window.ligtas.inLight(function () { return inlined(own); }));
    }
    var box = plot.getBoundingClientRect();
    var shown = window.ligtas.inLight(function (inTheme) { return inTheme(plot.ligtasFigure); });
    var asked = { format: "svg", width: Math.round(box.width), height: Math.round(box.height) };
    return window.Plotly.toImage(shown, asked).then(function (address) {
      var text = decodeURIComponent(address.slice(address.indexOf(",") + 1));
      return { text: text.slice(text.indexOf("<svg")), width: asked.width, height: asked.height };
    });
  }

  function sheetOf(figure, drawing) {
    return window.ligtas.inLight(function () {
      var tokens = window.getComputedStyle(document.documentElement);
      var ink = tokens.getPropertyValue("--text").trim();
      var grey = tokens.getPropertyValue("--text-3").trim();
      var card = figure.closest(".card");
      var page = figure.closest(".page");
      var sheet = new Sheet(Math.ceil(drawing.width) + 2 * PAD);
      var place = page.querySelector(".named h1") || page.querySelector(".scope b");
      sheet.write([words(place), words(card && card.querySelector("h2"))].filter(Boolean).join(": "), 14, true, ink);
      sheet.write(words(card && card.querySelector(".hd .sub")), 12, false, grey);
      sheet.write(words(figure.querySelector("figcaption")), 13, false, ink);
      sheet.draw(drawing.text, drawing.height);
      var legend = figure.querySelector(".legend:not([hidden])");
      if (legend) sheet.key(legend, grey);
      if (card) {
        card.querySelectorAll(".ft > span").forEach(function (part) { sheet.write(words(part), 11, false, grey); });
      }
      if (!figure.querySelector(".js-plotly-plot")) {
        sheet.write(words(figure.querySelector("p.note")), 11, false, grey);
        sheet.write(words(page.querySelector("[data-attribution]")), 11, false, grey);
      }
      sheet.write(page.getAttribute("data-credit") || "", 11, false, grey);
      return sheet.svg();
    });
  }

  function rastered(sheet) {
    return new Promise(function (resolve, reject) {
      var image = new Image();
      image.onload = function () {
        var canvas = document.createElement("canvas");
        canvas.width = sheet.width * SCALE;
        canvas.height = sheet.height * SCALE;
        var context = canvas.getContext("2d");
        context.scale(SCALE, SCALE);
        context.drawImage(image, 0, 0, sheet.width, sheet.height);
        canvas.toBlob(resolve, "image/png");
      };
      image.onerror = reject;
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(sheet.text);
    });
  }

  function hand(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-save]");
    if (!button) return;
    var figure = button.closest("figure");
    var kind = button.getAttribute("data-save");
    drawingOf(figure)
      .then(function (drawing) {
        var sheet = sheetOf(figure, drawing);
        if (kind === "png") return rastered(sheet);
        return new Blob([sheet.text], { type: "image/svg+xml" });
      })
      .then(function (blob) { hand(blob, button.getAttribute("data-name") + "." + kind); });
  });
})();
