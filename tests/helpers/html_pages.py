"""A parser of HTML pages, and hostile text for them."""

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "hr", "input"}
HOSTILE = {
    "markup": "<script>alert(1)</script>",
    "a way out of an attribute": '"\' onerror=alert(1) x="',
    "a way out of the style sheet": "</style><script>alert(1)</script>",
    "reversed text": "model\u202e.gnp\u2066",
    "a terminal's control code": "\x1b[31mred\x1b[0m\r",
    "300 characters": "x" * 300,
    "template syntax": "{{ 7 * 7 }}{% raw %}",
}


class Page(HTMLParser):
    """A parsed page: every element with its attributes and own text, refusing tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {[tag for tag, *_ in self._open]}"

    def handle_starttag(self, tag, attributes):
        element = (tag, {name: value or "" for name, value in attributes}, [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, {name: value or "" for name, value in attributes}, []))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        opened = self._open.pop()[0]
        assert opened == tag, f"<{opened}> closed by </{tag}>"

    def handle_data(self, data):
        for _, _, texts in self._open:
            texts.append(data)

    def all(self, tag, **attributes):
        return [e for e in self.elements if e[0] == tag and attributes.items() <= e[1].items()]

    def text(self, tag="body", **attributes):
        return " ".join(" ".join("".join(e[2]).split()) for e in self.all(tag, **attributes))
