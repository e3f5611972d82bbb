"""The parts that edit the tree, put together."""

from engine.service.file_edits import FileEdits
from engine.service.folder_edits import FolderEdits
from engine.service.removal import Removal
from engine.service.script_edits import ScriptEdits
from engine.service.workbench import Workbench
from engine.tree.definer import Definer


class EditParts:
    def __init__(self, bench: Workbench, definer: Definer, largest: int) -> None:
        """Edit at a workbench; `largest` are the bytes of a file."""
        removal = Removal(bench)
        self.files = FileEdits(bench, largest)
        self.scripts = ScriptEdits(bench, self.files, removal, definer)
        self.folders = FolderEdits(bench, self.files, removal)
