from __future__ import annotations

from pathlib import Path

from simulator.network import message_templates
from simulator.network.store import Store


class TemplateTests:
    def names(self, store: Store) -> list[str]:
        return [template["id"] for template in store.templates()]

    def test_a_file_that_is_older_than_a_template_gets_it(self, tmp_path: Path) -> None:
        old = Store(tmp_path)
        for template in message_templates.TEMPLATES[8:]:
            old.delete_template(template["id"])
        with old.write() as db:
            db.execute("DELETE FROM settings")

        assert self.names(Store(tmp_path)) == [template["id"] for template in message_templates.TEMPLATES]

    def test_a_deleted_template_stays_deleted(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        gone = message_templates.TEMPLATES[3]["id"]
        store.delete_template(gone)

        assert gone not in self.names(Store(tmp_path))

        store.reset()
        assert gone in self.names(store)
