"""A contract for import-linter: a room of the house is entered by its doors only."""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """From outside a room only its ``commands`` and ``queries`` are imported, whatever other modules it has or will get.

    ``rooms`` is the package whose children are rooms, ``doors`` the names that may be imported.
    """

    rooms = fields.StringField()
    doors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import that crosses the wall of a room."""
        wrong = []
        for room in sorted(graph.find_children(str(self.rooms))):
            inside = {room, *graph.find_descendants(room)}
            doors = tuple(f"{room}.{door}" for door in self.doors)  # type: ignore[attr-defined]
            for module in sorted(inside):
                if module in doors or module.startswith(tuple(d + "." for d in doors)):
                    continue
                for importer in sorted(graph.find_modules_that_directly_import(module) - inside):
                    wrong += graph.get_import_details(importer=importer, imported=module)
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that goes through a wall."""
        details: list[dict[str, Any]] = check.metadata["wrong"]
        for d in details:
            output.print_error(f"{d['importer']} -> {d['imported']} (line {d['line_number']}): {d['line_contents']}")
