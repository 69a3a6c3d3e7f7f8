"""The documents pages are written into: with Dash, and plain."""

DOCUMENT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<script>{theme}</script>
<title>{title}</title>
<link rel="preload" href="{assets}fonts/Inter-400.woff2" as="font" type="font/woff2" crossorigin>
<link rel="preload" href="{assets}fonts/Inter-600.woff2" as="font" type="font/woff2" crossorigin>
<link rel="icon" type="image/svg+xml" href="{assets}favicon.svg">
{css}
<noscript><style>.graph{{display:none}}</style></noscript>
</head>
<body>
<div id="ssr">{content}</div>
{app_entry}
{config}
{scripts}
{renderer}
</body>
</html>"""


PLAIN_DOCUMENT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<script>{theme}</script>
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{assets}favicon.svg">
{css}
</head>
<body>
{content}
{switch}
</body>
</html>"""

# Before anything is drawn: the theme the reader chose, else the one of their device.
THEME = (
    "document.documentElement.dataset.mantineColorScheme=(function(){"
    'try{var t=localStorage.getItem("theme")}catch(e){}'
    'return t==="dark"||t==="light"?t:matchMedia("(prefers-color-scheme:dark)").matches'
    '?"dark":"light"})()'
)
THEME_SCRIPT = "3-theme.js"  # all that a page without Dash runs
