"""The page a person sees first, at `/`: what this is, and where to go on."""

from html import escape
from string import Template

_SERVICES = (
    (
        "inventory",
        "What is where, what may be promised, and from where: ledger, levels, reservations, till gateway.",
    ),
    ("orders", "What customers ordered: placed, confirmed or rejected, shipped, cancelled, returned."),
    ("pickup", "Bags at the counter: when they can be ready, the store's work list, the code that collects."),
)

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Zaiko: stock on hand</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: #1c1b19; --paper: #faf8f4; --line: #dcd6ca; --red: #b3261e; --soft: #6b655b }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #ece7dd; --paper: #191817; --line: #3a3733; --red: #f0796f; --soft: #a39c90 }
  }
  body { font: 17px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
         max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem 4rem }
  h1 { font-size: 2.6rem; line-height: 1.1; margin: 0; letter-spacing: -.02em }
  h1 span { color: var(--red); font-weight: 400 }
  h2 { font-size: 1.05rem; margin: 2.5rem 0 .5rem }
  p { margin: .6rem 0 } .soft { color: var(--soft) }
  a { color: inherit; text-decoration-color: var(--red); text-underline-offset: .2em }
  a:hover, a:focus-visible { color: var(--red) }
  article { border-top: 1px solid var(--line); padding: .9rem 0 }
  article h3 { margin: 0; font-size: 1.15rem }
  article p { margin: .15rem 0 .3rem }
  nav a { margin-right: 1.1rem }
  pre { background: color-mix(in srgb, var(--line) 35%, transparent); border: 1px solid var(--line);
        border-radius: .4rem; padding: .8rem 1rem; overflow-x: auto; font: .86rem/1.6 ui-monospace, monospace }
  table { border-collapse: collapse } td { padding: .15rem 1.5rem .15rem 0; vertical-align: top }
</style>
<h1><span lang="ja">在庫</span> Zaiko</h1>
<p>Stock on hand: one retailer, many channels, one truth. A unit sold at any till is gone from the web shop within
milliseconds, and a unit promised online is not sold twice.</p>

<h2>The services</h2>
$services

<h2>A token first</h2>
<p>Every call needs one; a role says what it may do.</p>
<pre>TOKEN=$$($token_command --role operator)
curl -H "Authorization: Bearer $$TOKEN" $base_url/inventory/v1/locations</pre>
<table class="soft">
  <tr><td><code>operator</code></td><td>runs the installation: locations, items, stock, every view</td></tr>
  <tr><td><code>storefront</code></td><td>a sales channel: availability, reservations, orders, pickups</td></tr>
  <tr><td><code>store-staff</code></td><td>one store's work list (with <code>--location</code>)</td></tr>
  <tr><td><code>till</code></td><td>one store's sales, returns, counts (with <code>--location</code>)</td></tr>
</table>

<h2>Watch stock move</h2>
<p>Every change of a level, as it happens; add <code>?location_id=</code> or <code>?sku=</code> for a part of it.</p>
<pre>curl -N -H "Authorization: Bearer $$TOKEN" $base_url/inventory/v1/stream</pre>

<h2>Operations</h2>
<p><nav><a href="/health/live">live</a> <a href="/health/ready">ready</a>
<a href="/inventory/metrics">metrics</a></nav></p>
</html>
"""
)
_SERVICE = Template(
    """<article><h3>$name</h3><p class="soft">$description</p>
<nav><a href="/$name/docs">docs</a> <a href="/$name/openapi.json">openapi.json</a>
<a href="/$name/health/ready">health</a> <a href="/$name/metrics">metrics</a></nav></article>"""
)


def entry_page(base_url: str, token_command: str) -> str:
    """The page as HTML, whole in itself: no script, no font, no picture from elsewhere."""
    services = "\n".join(
        _SERVICE.substitute(name=name, description=escape(description)) for name, description in _SERVICES
    )
    return _PAGE.substitute(services=services, base_url=escape(base_url), token_command=escape(token_command))
