"""The form of spawners that have none of their own, as HTML. Menus are named as in KubeSpawner's."""

from collections.abc import Mapping
from typing import Any

from ..options import VALUE_LENGTH, Json
from .choosing import FREE_TEXT, OTHER, UNLISTED, default_of, title_of
from .texts import html_text


def radio(slug: str, title: str, description: str, deprecated: str, *, checked: bool) -> str:
    """What stands in the label of an environment."""
    warning = f"<em>Deprecated: {html_text(deprecated)}</em>" if deprecated else ""
    return (
        f'<input type="radio" name="template" value="{slug}" required{" checked" if checked else ""}>'
        f"<strong>{html_text(title)}</strong><small>{html_text(description)}</small>{warning}"
    )


def versions_menu(slug: str, titles: Mapping[str, str], chosen: str) -> str:
    """`titles` by "r12", of past revisions."""
    items = "".join(_item(key, title, key == chosen) for key, title in titles.items())
    return (
        f'<select name="revision-{slug}" class="form-select" aria-label="Version">'
        f'<option value="current">current</option>{items}</select>'
    )


def option_fields(options: list[dict[str, Any]], chosen: Json, defaults: Json) -> str:
    """A group of fields, each with a label of its own; `chosen` as in `options.resolve`.

    `{slug}` and `{title}` stand for those of the environment: what people wrote holds no brace here.
    """
    fields = "".join(_fields(option, chosen.get(option["name"]), defaults) for option in options)
    return f"<fieldset><legend>Options of {{title}}</legend>{fields}</fieldset>" if fields else ""


def fields_of(slug: str, title: str, fields: str) -> str:
    return fields.replace("{slug}", slug).replace("{title}", html_text(title))


def drawn_later(label: str, number: int) -> str:
    """The label of an environment whose fields are those of that number."""
    return label.replace("<label", f'<label data-fields="{number}"', 1)


def to_draw(number: int, fields: str) -> str:
    return f'<template id="binder-registry-{number}">{fields}</template>'


def _fields(option: Json, chosen: Any, defaults: Json) -> str:
    name = f"profile-option-{{slug}}--{option['name']}"
    choices, typed = option.get("choices", ()), option.get(FREE_TEXT)
    fields = ""
    if choices:
        described = f"<small>{html_text(option['description'])}</small>" if option.get("description") else ""
        menu = _menu(name, option, chosen, defaults)
        fields = f'<label for="{name}">{html_text(title_of(option))}</label>{menu}{described}'
    return fields + _text_field(name, option, typed, chosen) if typed is not None else fields


def _menu(name: str, option: Json, chosen: Any, defaults: Json) -> str:
    default = default_of(option, defaults)
    taken = chosen if chosen is not None else default["name"] if default else ""
    items = [_item(choice["name"], _choice_title(choice), choice["name"] == taken) for choice in option["choices"]]
    if not any(choice["name"] == taken for choice in option["choices"]) and not isinstance(taken, dict):
        items.insert(0, _item("", "Choose...", True))  # the default is for others
    if FREE_TEXT in option:
        title = option[FREE_TEXT].get("display-name-in-choices") or f"{_typed_title(option)}..."
        items.append(_item(OTHER, title, isinstance(taken, dict)))
    return f'<select id="{name}" name="{name}" class="form-select">{"".join(items)}</select>'


def _text_field(name: str, option: Json, typed: Json, chosen: Any) -> str:
    name += UNLISTED
    value = f' value="{html_text(chosen[FREE_TEXT])}"' if isinstance(chosen, dict) else ""
    hints = filter(None, (typed.get("description"), typed.get("message")))
    hint = html_text(" ".join(hints))
    described = f'<small id="{name}-hint">{hint}</small>' if hint else ""
    by = f' aria-describedby="{name}-hint"' if hint else ""
    label = f"{title_of(option)}: {_typed_title(option)}" if option.get("choices") else title_of(option)
    box = f'<input type="text" id="{name}" name="{name}" class="form-control" maxlength="{VALUE_LENGTH}"{value}{by}>'
    return f'<label for="{name}">{html_text(label)}</label>{box}{described}'


def _typed_title(option: Json) -> str:
    return str(option[FREE_TEXT].get("display-name") or "Other")


def _choice_title(choice: Json) -> str:
    told = (choice.get("description"), choice.get("deprecated") and f"Deprecated: {choice['deprecated']}")
    return " - ".join(filter(None, (title_of(choice), *told)))


def _item(value: str, title: str, selected: bool) -> str:
    return f'<option value="{value}"{" selected" if selected else ""}>{html_text(title)}</option>'


STYLE = """<style>
.binder-registry label { display: block; padding: .5em; font-weight: normal }
.binder-registry input[type=radio] { margin-right: .5em }
.binder-registry small, .binder-registry em { display: block; margin-left: 1.8em; white-space: pre-line }
.binder-registry em { font-size: .875em }
.binder-registry select { width: auto; margin-left: 1.6em }
.binder-registry fieldset { margin: 0 0 1em 1.8em }
.binder-registry legend { font-size: .875em; margin: 0 }
.binder-registry fieldset label { padding: .25em 0 0 }
.binder-registry fieldset select, .binder-registry fieldset small { margin-left: 0 }
.binder-registry input[type=text] { max-width: 40em }
</style>"""
# Fields that are not in the page are drawn when their environment is chosen, or was before the page was left. What is
# set belongs to what is chosen: to touch an option chooses its environment, to type chooses what is typed.
SCRIPT = f"""<script>
(() => {{
  const list = document.querySelector(".binder-registry");
  const draw = () => {{
    const radio = list.querySelector("input[type=radio]:checked"), label = radio?.closest("label[data-fields]");
    if (!label) return;
    const fields = document.getElementById("binder-registry-" + label.dataset.fields).innerHTML;
    const title = label.querySelector("strong").innerHTML;
    label.removeAttribute("data-fields");
    label.insertAdjacentHTML("afterend", fields.replaceAll("{{slug}}", radio.value).replace("{{title}}", () => title));
  }};
  list.addEventListener("input", event => {{
    const fields = event.target.closest("fieldset");
    if (!fields) return draw();
    fields.previousElementSibling.querySelector("input[type=radio]").checked = true;
    const menu = document.getElementById(event.target.id.replace(/{UNLISTED}$/, ""));
    if (event.target.type === "text" && menu && menu !== event.target) menu.value = "{OTHER}";
  }});
  addEventListener("pageshow", draw);
}})();
</script>"""
