"""How the pages that Zaiko writes itself look, in light and in dark."""

STYLE = """\
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
"""
