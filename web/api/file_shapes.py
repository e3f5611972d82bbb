"""Files of scripts in the shapes of the API: one function per shape, no decision."""

from typing import Any

from engine.model.file import Edited, EditedFile, FileInfo, FileList
from schemas import api_files as api
from web.api.shapes import problem_shapes


def file_list_shape(found: FileList) -> api.FileList:
    return api.FileList(
        items=tuple(api.File(**_values(info)) for info in found.items), complete=found.complete
    )


def edited_file_shape(found: EditedFile) -> api.EditedFile:
    return api.EditedFile(
        **_values(found.info),
        created=found.result.created,
        commit=found.result.commit,
        problems=problem_shapes(found.result.problems),
    )


def removed_shape(result: Edited) -> api.Removed:
    return api.Removed(commit=result.commit, problems=problem_shapes(result.problems))


def _values(info: FileInfo) -> dict[str, Any]:
    return {
        "path": info.path,
        "size": info.size,
        "modified": info.modified,
        "etag": info.etag,
    }
