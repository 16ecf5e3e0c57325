"""What lies under a part of the tree: its own codes alone, not those that end like them."""

from __future__ import annotations

import pytest
from flask import Flask

from eventhub.domain.facts import HOUSE
from eventhub.domain.terms import OrganisationKind
from eventhub.i18n import Bilingual
from eventhub.queries import organisations as queries
from eventhub.services import organisations
from eventhub.services.organisations import OrganisationDraft
from tests.scenario import OPEN

pytestmark = pytest.mark.database


def test_a_code_that_ends_like_another_is_not_under_it(app: Flask) -> None:
    with app.app_context():
        organisations.plant(
            [
                OrganisationDraft("NX", OrganisationKind.REGION, Bilingual("宁夏")),
                OrganisationDraft("U1", OrganisationKind.CITY, Bilingual("甲"), "NX"),
                OrganisationDraft("XU1", OrganisationKind.CITY, Bilingual("乙"), "NX"),
                OrganisationDraft("V1", OrganisationKind.PRIMARY, Bilingual("丙"), "U1"),
                OrganisationDraft("V_1", OrganisationKind.PRIMARY, Bilingual("丁"), "XU1"),
            ],
            by=HOUSE,
            at=OPEN,
        )
        assert [unit.code for unit in queries.listing(within=("U1",))] == ["U1", "V1"]
        assert [unit.code for unit in queries.listing(within=("V_1",))] == ["V_1"]
        assert [unit.code for unit in queries.listing(kinds=[OrganisationKind.CITY])] == ["U1", "XU1"]
        assert len(queries.listing()) == 5
