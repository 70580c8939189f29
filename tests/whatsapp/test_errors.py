"""Meta's error codes in words, and what they mean for trying again."""

from __future__ import annotations

import re

import pytest

from whatsapp import errors
from whatsapp.errors import EXPLANATIONS, RECEIVED, Scope, explain, explain_received

CODES = sorted(EXPLANATIONS)


class ExplanationTests:
    @pytest.mark.parametrize("code", CODES)
    def test_it_says_what_happened_and_what_to_do_in_sentences(self, code: int) -> None:
        found = explain(code)
        for sentence in (found.problem, found.next_step):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert not re.search(r"[0-9]{5,}|wamid|WABA|API|HTTP", sentence), "an agent reads this"

    @pytest.mark.parametrize("code", CODES)
    def test_what_is_tried_again_is_not_permanent(self, code: int) -> None:
        found = explain(code)
        assert not (found.retryable and found.permanent)
        assert not (found.retryable and found.pauses_number)

    def test_a_closed_window_asks_for_a_template(self) -> None:
        found = explain(errors.WINDOW_CLOSED)
        assert "template" in found.next_step
        assert found.permanent
        assert not found.pauses_number

    def test_the_old_code_of_a_closed_window_means_the_same(self) -> None:
        assert explain(470) == explain(131047)

    @pytest.mark.parametrize("code", [190, 3, 10, 200, 250, 299, 131005, 368, 131031, 131037, 131042, 133010, 131048])
    def test_what_stops_every_message_pauses_the_number(self, code: int) -> None:
        assert explain(code).pauses_number

    @pytest.mark.parametrize("code", [4, 80007, 130429, 131056, 131057])
    def test_a_rate_limit_is_tried_again_and_pauses_nothing(self, code: int) -> None:
        assert explain(code).retryable
        assert not explain(code).pauses_number

    def test_the_pair_limit_concerns_one_person_only(self) -> None:
        assert explain(errors.PAIR_RATE).scope is Scope.RECIPIENT
        assert explain(130429).scope is Scope.NUMBER

    @pytest.mark.parametrize("code", [131000, 131016, 1, 2, 133004])
    def test_after_an_error_of_metas_own_the_message_may_have_gone_out(self, code: int) -> None:
        assert explain(code).may_have_sent

    @pytest.mark.parametrize("code", [131047, 131026, 131050, 131053, 132001, 190, 130429])
    def test_a_refusal_is_certain(self, code: int) -> None:
        assert not explain(code).may_have_sent

    def test_marketing_held_back_is_neither_retried_nor_hopeless(self) -> None:
        found = explain(131049)
        assert (found.retryable, found.permanent) == (False, False)

    def test_an_unknown_code_is_named(self) -> None:
        found = explain(987654)
        assert "987654" in found.problem
        assert (found.retryable, found.permanent, found.pauses_number) == (False, False, False)

    def test_no_code_is_explained_by_the_http_status(self) -> None:
        assert explain(0, http_status=401) == explain(190)
        assert explain(0, http_status=429).retryable
        assert explain(0, http_status=503).may_have_sent
        assert explain(0, http_status=418).problem == explain(0).problem

    def test_nothing_that_can_be_tried_again_waits_for_somebody(self) -> None:
        for code in CODES:
            assert not (explain(code).may_have_sent and explain(code).permanent), code


class CoverageTests:
    #: Codes that Meta documents for sending, files and history (reference of the error codes, September 2026).
    DOCUMENTED = (
        *(1, 2, 3, 4, 10, 33, 100, 190, 200, 299, 368, 470, 80007, 130429, 130472, 130497, 131000, 131005, 131008),
        *(131009, 131016, 131021, 131026, 131031, 131037, 131042, 131045, 131047, 131048, 131049, 131050, 131051),
        *(131052, 131053, 131056, 131057, 131062, 131064, 132000, 132001, 132005, 132007, 132012, 132015, 132016),
        *(132018, 132068, 132069, 133004, 133010, 133016, 134011, 2593107, 2593108, 2593109),
    )

    @pytest.mark.parametrize("code", DOCUMENTED)
    def test_a_documented_code_has_words_of_its_own(self, code: int) -> None:
        assert "unknown error" not in explain(code).problem

    def test_code_0_with_401_is_a_dead_token(self) -> None:
        assert explain(0, http_status=401).pauses_number


class ReceivedTests:
    """Codes on messages of customers."""

    @pytest.mark.parametrize("code", sorted(RECEIVED))
    def test_it_says_what_happened_and_what_to_ask_for(self, code: int) -> None:
        found = explain_received(code)
        for sentence in (found.problem, found.next_step):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert not re.search(r"[0-9]{5,}|wamid|WABA|API|HTTP", sentence), "an agent reads this"
        assert "customer" in found.next_step

    def test_a_message_that_only_the_phone_app_shows_sends_the_agent_there(self) -> None:
        found = explain_received(131060)
        assert "ad." in found.problem
        assert found.next_step == "Read it in the phone app, or ask the customer to send it again."

    def test_a_code_about_sending_is_not_explained_as_if_we_had_sent_it(self) -> None:
        assert explain_received(131026).problem == "WhatsApp reported error 131026 for this message."
        assert explain_received(0).problem == "WhatsApp reported a problem without a code."
