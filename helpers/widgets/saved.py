"""What a saved notebook keeps of its forms: their text, for the widgets end with the kernel.

JupyterLab calls this before it saves, by the settings in `.jupyter/`; without it, a notebook that is opened again shows
an error where each form was.

https://jupyter-server.readthedocs.io/en/latest/developers/savehooks.html
"""

from typing import Any

_VIEW = "application/vnd.jupyter.widget-view+json"


def without_widget_views(model: dict[str, Any], **_: Any) -> None:
    """Take the widgets out of a notebook's outputs that have another form too: a hook of Jupyter's contents manager.

    Args:
        model: what is about to be saved; changed in its place.
    """
    if model["type"] != "notebook" or model["content"]["nbformat"] != 4:
        return
    for cell in model["content"]["cells"]:
        for output in cell.get("outputs", []):
            if len(output.get("data", {})) > 1:
                output["data"].pop(_VIEW, None)
