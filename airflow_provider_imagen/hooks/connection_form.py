"""The connection form of Airflow 2.11 to 3.1, built from the table that later versions read as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def widgets(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return one form field for each entry of the provider's ``conn-fields``."""
    return {name: _widget(field) for name, field in fields.items()}


def _widget(field: Mapping[str, Any]) -> Any:
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from flask_babel import lazy_gettext
    from wtforms import BooleanField, IntegerField, PasswordField, StringField
    from wtforms.validators import Length, NumberRange, Optional

    label, description = lazy_gettext(field["label"]), field["description"]
    schema = field["schema"]
    if schema.get("format") == "password":
        return PasswordField(label, description=description, widget=BS3PasswordFieldWidget())
    if "boolean" in schema["type"]:
        return BooleanField(label, description=description, default=False)
    if "integer" in schema["type"]:
        rules = [Optional(), NumberRange(schema["minimum"], schema["maximum"])]
        return IntegerField(label, description=description, widget=BS3TextFieldWidget(), validators=rules)
    rules = [Optional(), Length(max=schema["maxLength"])]
    return StringField(label, description=description, widget=BS3TextFieldWidget(), validators=rules)
