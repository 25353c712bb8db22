"""The page a person sees first, at `/`: what this is, and where to go on."""

from html import escape
from string import Template

from shared.http.style import STYLE

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
$style</style>
<h1><span lang="ja">在庫</span> Zaiko</h1>
<p>Stock on hand: one retailer, many channels, one truth. A unit sold at any till is gone from the web shop within
milliseconds, and a unit promised online is not sold twice.</p>

<h2>The services</h2>
$services
<p>What they tell each other, and what anybody may listen to: <a href="/events">events</a>, as a document
<a href="/asyncapi.json">asyncapi.json</a>.</p>

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
<a href="/$name/events">events</a> <a href="/$name/asyncapi.json">asyncapi.json</a>
<a href="/$name/health/ready">health</a> <a href="/$name/metrics">metrics</a></nav></article>"""
)


def entry_page(base_url: str, token_command: str) -> str:
    """The page as HTML, whole in itself: no script, no font, no picture from elsewhere."""
    services = "\n".join(
        _SERVICE.substitute(name=name, description=escape(description)) for name, description in _SERVICES
    )
    return _PAGE.substitute(
        style=STYLE, services=services, base_url=escape(base_url), token_command=escape(token_command)
    )
