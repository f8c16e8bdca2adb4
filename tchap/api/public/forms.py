"""Forms people fill in: labelled, with what is wrong told at the top and beside its field.

Without script. A reader's focus goes to the summary of what is wrong, whose links lead to the fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tchap.api.http import Request
from tchap.api.public.browser import token_field
from tchap.api.public.pages import said
from tchap.services.world import World

# Whatever is wrong with no field in particular.
WHOLE = ""
_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `label` and `hint` are HTML, `value` is not; `kind` is the input's type, or one of `_KINDS`.

    `choices` are the values that may be chosen, each with its HTML: a list then takes the place of the input.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    autocomplete: str = "off"
    hint: str = ""
    required: bool = True
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """`hidden` fields go along unseen; `problems` maps a field's name, or WHOLE, to an HTML sentence."""

    fields: Sequence[Field]
    button: str
    hidden: Mapping[str, str]
    problems: Mapping[str, str]
    look: str = "main"


def render(world: World, request: Request, form: Form) -> str:
    """The form as HTML, sent back to the address of its page."""
    hidden = "".join(_hidden(name, value) for name, value in form.hidden.items())
    fields = "".join(_field(field, form.problems.get(field.name, "")) for field in form.fields)
    return (
        f"{_summary(request, form)}{_all_needed(request, form)}"
        f'<form method="post" novalidate>{token_field(world, request)}{hidden}{fields}'
        f'<button class="{form.look}">{form.button}</button></form>'
    )


def done(sentence: str) -> str:
    """Good news at the top of a page, as HTML."""
    return f'<p class="done" role="status">{sentence}</p>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name, quote=True)}" value="{escape(value, quote=True)}">'


def _summary(request: Request, form: Form) -> str:
    if not form.problems:
        return ""
    title = said(request, "À corriger", "Please check")
    items = "".join(
        f'<li><a href="#{name}">{sentence}</a></li>' if name else f"<li>{sentence}</li>"
        for name, sentence in form.problems.items()
    )
    return (
        f'<div class="problems" role="alert" tabindex="-1" autofocus aria-labelledby="problems">'
        f'<h2 id="problems">{title}</h2><ul>{items}</ul></div>'
    )


def _all_needed(request: Request, form: Form) -> str:
    """Said before the fields, so that no star need be explained (RGAA 11.10)."""
    if sum(field.required for field in form.fields) < _SEVERAL:
        return ""
    sentence = said(
        request,
        "Sauf mention contraire, tous les champs sont obligatoires.",
        "Unless said otherwise, every field is required.",
    )
    return f'<p class="hint">{sentence}</p>'


def _field(field: Field, problem: str) -> str:
    name = field.name
    notes = [f"{name}-hint"] * bool(field.hint) + [f"{name}-problem"] * bool(problem)
    described = f' aria-describedby="{" ".join(notes)}"' if notes else ""
    invalid = ' aria-invalid="true"' if problem else ""
    hint = f'<span class="hint" id="{name}-hint">{field.hint}</span>' if field.hint else ""
    wrong = f'<span class="wrong" id="{name}-problem">{problem}</span>' if problem else ""
    label = f'<label for="{name}">{field.label}</label>'
    required = " required" if field.required else ""
    tag = f'<input id="{name}" name="{name}" {_kind(field)}{required}{described}{invalid}>'
    if field.choices:
        tag = f'<select id="{name}" name="{name}"{required}{described}{invalid}>{_options(field)}</select>'
    if field.kind == "checkbox":
        return f'<div class="field check">{tag}<div>{label}{hint}{wrong}</div></div>'
    return f'<div class="field">{label}{hint}{wrong}{tag}</div>'


def _options(field: Field) -> str:
    return "".join(
        f'<option value="{escape(value, quote=True)}"{" selected" if value == field.value else ""}>{words}</option>'
        for value, words in field.choices
    )


# What each kind of field is to the browser; any other is the type of an input.
_KINDS = {
    "code": 'type="text" inputmode="numeric"',
    "user": 'type="text" inputmode="email" autocapitalize="none"',
    "shown": 'type="text" readonly',
}


def _kind(field: Field) -> str:
    if field.kind == "checkbox":
        return f'type="checkbox" value="yes"{" checked" if field.value else ""}'
    value = f' value="{escape(field.value, quote=True)}"' if field.value else ""
    kind = _KINDS.get(field.kind) or f'type="{field.kind}"'
    return f'{kind} autocomplete="{field.autocomplete}" spellcheck="false"{value}'
