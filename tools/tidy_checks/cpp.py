"""Just enough C++ to search it: text without comments and literals, and the statement around a word."""
import re

_SKIPPED = re.compile(
    r'//[^\n]*(?:\\\n[^\n]*)*'                       # comment to the end of the line
    r'|/\*.*?\*/'                                    # comment
    r'|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'                          # string
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",         # character; not the ' inside 1'000
    re.DOTALL)
_STRUCTURED_BINDING = re.compile(r"\bauto\s*(?:const\s*)?&{0,2}\s*$")


def code(text):
    """`text` with comments and literals replaced by blanks; lines keep their numbers and lengths."""
    def blank(match):
        kept = '""' if match[0][0] in '"R' and len(match[0]) >= 2 else ""
        return kept + re.sub(r"[^\n]", " ", match[0])[len(kept):]
    return _SKIPPED.sub(blank, text)


def comments(text):
    """(position, comment) of each comment."""
    return [(match.start(), match[0]) for match in _SKIPPED.finditer(text) if match[0].startswith(("//", "/*"))]


def await_statements(text):
    """For each co_await of `text` (as code() gives it): (where its statement begins, the statement)."""
    for match in re.finditer(r"\bco_await\b", text):
        begin = _statement_begin(text, match.start())
        yield begin, text[begin:_statement_end(text, match.end())]


def _statement_begin(text, at):
    """Back to the ; or } of the statement before, or to the { of the block around; braces of expressions are passed over."""
    closed = 0
    for i in range(at - 1, -1, -1):
        char = text[i]
        if char == "}" and not closed and not _ends_expression(text, i):
            return i + 1
        if char in ")]}":
            closed += 1
        elif char in "([{" and closed:
            closed -= 1
        elif char in "{;" and not closed:
            return i + 1
    return 0


def _ends_expression(text, at):
    """Whether the } at this place ends a braced list or lambda (something goes on after it), not a block."""
    rest = text[at + 1:at + 200]
    return rest.startswith("(") or rest.lstrip()[:1] in set(",).?]+-/|<>=%^:;")


def _statement_end(text, at):
    """Forward to the ; that ends the statement, or to the { of the block that it heads: if (co_await ready()) {"""
    depth = braces = 0
    for i in range(at, len(text)):
        char = text[i]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "{":
            if not braces and depth < 0 and text[:i].rstrip().endswith(")"):
                return i
            braces += 1
        elif char == "}":
            braces -= 1
            if braces < 0:
                return i
        elif char == ";" and not braces:
            return i
    return len(text)


def unnamed_temporary(statement):
    """The first `{` or lambda `[` of a statement, as (offset, word), or None. Subscripts and bindings are no lambdas."""
    for i, char in enumerate(statement):
        before = statement[:i].rstrip()
        if char == "{":
            return i, "a braced list"
        if char == "[" and statement[i:i + 2] != "[[" and not before.endswith("["):
            subscript = before and (before[-1].isalnum() or before[-1] in "_)]\"")
            if before.endswith(("return", "co_return")) or not (subscript or _STRUCTURED_BINDING.search(before)):
                return i, "a lambda"
    return None
