"""Theme, style sheet and head of the page. Fonts are the system's; nothing comes from another host.

Does not know: components, except by the elem_ids that style.css names.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from chat_app.pages.words import COOKIE, as_script

SCRIPTS = Path(__file__).parent / "scripts"
SANS = ["system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
LOGO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='9' fill='%23286f6c'/%3E%3Cpath d='M8 22V11l8 7 8-7v11' fill='none' stroke='white' stroke-width='3' "
    "stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"
)


def script(name: str) -> str:
    """The text of one of the page's scripts."""
    return (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")


def theme() -> gr.themes.Base:
    """Gradio's own components in the page's colours; the variables are defined in style.css, light and dark."""
    both = {
        "body_background_fill": "var(--mn-ground)",
        "body_text_color": "var(--mn-ink)",
        "body_text_color_subdued": "var(--mn-faint)",
        "background_fill_primary": "var(--mn-ground)",
        "background_fill_secondary": "var(--mn-raised)",
        "border_color_primary": "var(--mn-line)",
        "border_color_accent": "var(--mn-accent)",
        "color_accent_soft": "var(--mn-soft)",
        "block_background_fill": "var(--mn-surface)",
        "block_border_color": "var(--mn-line)",
        "block_label_background_fill": "var(--mn-surface)",
        "block_label_text_color": "var(--mn-faint)",
        "block_title_text_color": "var(--mn-ink)",
        "block_info_text_color": "var(--mn-faint)",
        "input_background_fill": "var(--mn-surface)",
        "input_background_fill_focus": "var(--mn-surface)",
        "input_border_color": "var(--mn-line)",
        "input_border_color_focus": "var(--mn-accent)",
        "input_placeholder_color": "var(--mn-faint)",
        "panel_background_fill": "var(--mn-raised)",
        "link_text_color": "var(--mn-accent)",
        "button_primary_background_fill": "var(--mn-accent)",
        "button_primary_background_fill_hover": "var(--mn-accent-strong)",
        "button_primary_text_color": "var(--mn-on-accent)",
        "button_primary_border_color": "transparent",
        "button_secondary_background_fill": "var(--mn-surface)",
        "button_secondary_background_fill_hover": "var(--mn-raised)",
        "button_secondary_text_color": "var(--mn-ink)",
        "button_secondary_border_color": "var(--mn-line)",
        "button_cancel_background_fill": "var(--mn-danger)",
        "button_cancel_background_fill_hover": "var(--mn-danger)",
        "button_cancel_text_color": "var(--mn-on-accent)",
        "table_even_background_fill": "var(--mn-surface)",
        "table_odd_background_fill": "var(--mn-surface)",
        "table_border_color": "var(--mn-line)",
        "table_row_focus": "var(--mn-soft)",
        "checkbox_background_color": "var(--mn-surface)",
        "checkbox_background_color_selected": "var(--mn-accent)",
        "checkbox_border_color": "var(--mn-line)",
        "checkbox_border_color_selected": "var(--mn-accent)",
        "code_background_fill": "var(--mn-raised)",
        "shadow_drop": "none",
        "shadow_drop_lg": "0 6px 24px rgb(0 0 0 / 12%)",
        "error_background_fill": "var(--mn-surface)",
        "stat_background_fill": "var(--mn-accent)",
    }
    base = gr.themes.Base(
        primary_hue="teal",
        neutral_hue="stone",
        radius_size=gr.themes.sizes.radius_lg,
        font=SANS,
        font_mono=MONO,
    )
    names = {name for name in dir(base)}
    values = dict(both)
    for name, value in both.items():
        if f"{name}_dark" in names or name.startswith(("body", "block", "input", "button", "border", "background")):
            values[f"{name}_dark"] = value
    return base.set(
        **values,
        block_border_width="1px",
        block_border_width_dark="1px",
        block_shadow="none",
        block_shadow_dark="none",
        block_radius="14px",
        button_large_radius="10px",
        button_medium_radius="10px",
        button_small_radius="8px",
        input_radius="10px",
        layout_gap="16px",
        block_label_text_size="13px",
    )


def css() -> str:
    """The page's style sheet."""
    return "\n".join(
        (SCRIPTS / name).read_text(encoding="utf-8") for name in ("style.css", "chat.css", "around.css", "lists.css")
    )


def head(*, guarded: bool) -> str:
    """What stands at the end of the page's head, before Gradio starts: words, language, light or dark, keyboard.

    guarded: a password guards the page, so one can sign out.
    """
    first = script("head").replace("__WORDS__", as_script()).replace("__COOKIE__", COOKIE)
    first = first.replace("__GUARDED__", "true" if guarded else "false")
    last = f"<script>{script('signed_out')}</script>" if guarded else ""
    return (
        f'<title>Mneme</title><link rel="icon" href="{LOGO}">'
        '<meta name="color-scheme" content="light dark">'
        f"<script>{first}</script><script>{script('keys')}</script><script>{script('address')}</script>"
        f"<script>{script('drafts')}</script><script>{script('reply_words')}</script>{last}"
    )
