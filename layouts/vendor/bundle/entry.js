// What our charts draw with. The page's own script tells plotly the colours of its theme.
var Plotly = require("plotly.js/lib/core");
Plotly.register([require("plotly.js/lib/bar")]);
module.exports = window.ligtas ? window.ligtas.themed(Plotly) : Plotly;
