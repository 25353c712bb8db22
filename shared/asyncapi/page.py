"""The AsyncAPI document as a page that a person reads: whole in itself, no script, nothing from elsewhere."""

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from string import Template
from typing import Any

from shared.asyncapi.fields import Field, Schemas, fields_of

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title: events</title>
<link rel="icon" href="data:,">
<style>
$style
  body { max-width: 60rem }
  h2 { font-size: 1.5rem; margin: 3.5rem 0 .3rem } h2 code, h3 code { font-size: .95em }
  h3, h2 { scroll-margin-top: 1rem }
  code, td:first-child { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
  .contents { columns: 20rem; margin: 1rem 0 0; padding: 0; list-style: none } .contents > li { break-inside: avoid }
  .contents ul { list-style: none; margin: .1rem 0 .8rem; padding-left: 1rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; margin: .6rem 0 }
  dt { color: var(--soft) } dd { margin: 0 }
  .wide { overflow-x: auto } table { width: 100%; margin: .4rem 0; font-size: .92rem }
  th { text-align: left; font-weight: 600; padding: .15rem 1.5rem .15rem 0; border-bottom: 1px solid var(--line) }
  summary { cursor: pointer; color: var(--soft) } summary:hover { color: var(--red) }
  article:target { border-top-color: var(--red) }
</style>
<h1>$title</h1>
<nav>$links</nav>
$about
<ul class="contents">$contents</ul>
$channels
</html>
"""
)
_CHANNEL = Template(
    """<section><h2 id="$name"><code>$address</code></h2>
<p>$summary. <span class="soft">$description</span></p>
<dl><dt>key</dt><dd>$key</dd><dt>topic</dt><dd><code>$configuration</code></dd></dl>
<details><summary>headers</summary>$headers</details>
$messages</section>"""
)
_MESSAGE = Template(
    """<article><h3 id="$id"><a href="#$id"><code>$name</code></a></h3>
<p>$summary</p><p class="soft">$readers</p>
$fields
<details><summary>example</summary><pre>$headers

$payload</pre></details></article>"""
)


def page(document: Mapping[str, Any], links: Mapping[str, str], style: str) -> str:
    """The page as HTML; `links` are words and where they lead, `style` is the style sheet of the house."""
    info = document["info"]
    return _PAGE.substitute(
        title=escape(info["title"]),
        style=style,
        links="".join(f'<a href="{escape(place)}">{escape(word)}</a> ' for word, place in links.items()),
        about="\n".join(f"<p>{_prose(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
        contents="".join(_entry(name, channel) for name, channel in document["channels"].items()),
        channels="\n".join(_channel(document, name) for name in document["channels"]),
    )


def _entry(name: str, channel: Mapping[str, Any]) -> str:
    """A channel and its messages in the table of contents."""
    messages = "".join(
        f'<li><a href="#{escape(_anchor(name, key))}">{escape(key)}</a></li>' for key in channel["messages"]
    )
    return f'<li><a href="#{escape(name)}"><strong>{escape(name)}</strong></a><ul>{messages}</ul></li>'


def _channel(document: Mapping[str, Any], name: str) -> str:
    channel = document["channels"][name]
    components = document["components"]
    messages = {key: components["messages"][_last(part["$ref"])] for key, part in channel["messages"].items()}
    first = next(iter(messages.values()))
    return _CHANNEL.substitute(
        name=escape(name),
        address=escape(channel["address"]),
        summary=escape(channel["summary"]),
        description=_prose(channel["description"]),
        key=_prose(first["bindings"]["kafka"]["key"]["description"]),
        configuration=escape(_configuration(channel["bindings"]["kafka"]["topicConfiguration"])),
        headers=_table(fields_of(first["headers"], {})),
        messages="\n".join(
            _message(key, message, _anchor(name, key), _readers(document, name, key), components["schemas"])
            for key, message in messages.items()
        ),
    )


def _message(name: str, message: Mapping[str, Any], anchor: str, readers: Iterable[str], schemas: Schemas) -> str:
    example = message["examples"][0]
    read_by = ", ".join(readers)
    return _MESSAGE.substitute(
        id=escape(anchor),
        name=escape(name),
        summary=escape(message["summary"]),
        readers=f"Takes effect in {escape(read_by)}." if read_by else "",
        fields=_table(fields_of(message["payload"], schemas)),
        headers=escape("\n".join(f"{header}: {value}" for header, value in example["headers"].items())),
        payload=escape(json.dumps(example["payload"], ensure_ascii=False, indent=2)),
    )


def _readers(document: Mapping[str, Any], channel: str, message: str) -> list[str]:
    """The receivers of the message, by the names of their operations."""
    reference = {"$ref": f"#/channels/{channel}/messages/{message}"}
    return [
        name.partition(".receive.")[0]
        for name, operation in document["operations"].items()
        if operation["action"] == "receive" and reference in operation["messages"]
    ]


def _table(fields: Iterable[Field]) -> str:
    rows = [
        f"<tr><td>{escape(field.path)}</td><td>{escape(field.kind)}</td><td>{'yes' if field.is_required else ''}</td>"
        f"<td>{_prose(field.description)}</td></tr>"
        for field in fields
    ]
    if not rows:
        return ""
    head = "<tr><th>field</th><th>holds</th><th>required</th><th></th></tr>"
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _configuration(configuration: Mapping[str, Any]) -> str:
    words = {name: ",".join(value) if isinstance(value, list) else value for name, value in configuration.items()}
    return ", ".join(f"{name}={value}" for name, value in words.items())


def _anchor(channel: str, message: str) -> str:
    """Event types are unique; the one message of the dead letters has no name of its own."""
    return message if "." in message else f"{channel}.{message}"


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


def _prose(text: str) -> str:
    """The little Markdown of descriptions: code, bold."""
    html = escape(text)
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
