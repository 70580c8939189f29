"""Messages and what people do to them: who wrote, what was answered, what changed afterwards."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import (
    AMARA,
    LEAF,
    NAMELESS,
    NO_PHONE,
    PARENT,
    USER_ID,
    about,
    file,
    message,
    notification,
    only,
    read,
    text,
)
from whatsapp.events import (
    BadLeaf,
    ContactChanged,
    Direction,
    Kind,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    Origin,
    Party,
    ReactionChanged,
    StatusChanged,
)
from whatsapp.parse import parse

ECHO = f"{LEAF}.message_echoes[0]"
OURS = {"direction": Direction.OUTBOUND, "origin": Origin.PHONE_APP, "opens_window": False}


class SenderTests:
    def test_somebody_without_a_phone_number(self) -> None:
        assert only("text_without_phone") == message(
            "text_without_phone", party=NO_PHONE, text="You cannot see my number"
        )

    def test_both_ids_belong_to_one_person(self) -> None:
        party = Party("351915550123", USER_ID, PARENT, "Amara Okafor", "amara.okafor")
        assert only("text_with_both_ids") == message("text_with_both_ids", party=party, text="You can see my number")

    def test_a_member_of_a_group(self) -> None:
        assert only("text_in_group") == message(
            "text_in_group", text="Who brings the ladder?", group_id="R3JvdXBPZk5vcnRl"
        )

    def test_names_are_matched_by_id_and_not_by_position(self) -> None:
        people = [(event.party.wa_id, event.party.name) for event in read("people_out_of_order")]
        assert people == [("351915550123", "Amara Okafor"), ("351925550999", "Bruno"), ("351925550888", "")]

    def test_a_message_from_nobody_is_a_bad_leaf(self) -> None:
        leaf = text()
        del leaf["from"]
        (event,) = parse(notification(leaf))
        assert isinstance(event, BadLeaf)
        assert event.reason == "It does not say who the person is."
        assert event.raw == leaf

    def test_a_message_without_a_name_in_the_contacts(self) -> None:
        (event,) = parse(notification(text()))
        assert isinstance(event, MessageReceived)
        assert event.party == NAMELESS


class ContextTests:
    def test_an_answer(self) -> None:
        assert only("text_answering") == message(
            "text_answering", text="That one, please", quoted_wamid="wamid.EARLIER"
        )

    def test_a_forwarded_message(self) -> None:
        assert only("text_forwarded") == message("text_forwarded", text="Opening hours: 9 to 18", forwarded=True)

    def test_a_message_that_was_forwarded_many_times(self) -> None:
        assert only("text_forwarded_often") == message(
            "text_forwarded_often", text="Send this to everybody", frequently_forwarded=True
        )

    def test_a_question_about_a_product(self) -> None:
        assert only("text_about_product") == message(
            "text_about_product",
            text="Is it made of oak?",
            quoted_wamid="wamid.CATALOG",
            referred_product={"catalog_id": "4400112233", "product_id": "FRAME-A3-OAK"},
        )

    def test_the_advertisement_that_led_here(self) -> None:
        referral = {
            "source_url": "https://fb.me/norteframes",
            "source_id": "7700112233",
            "source_type": "ad",
            "headline": "Frames made to measure",
            "body": "Ready in two days",
            "media_type": "image",
            "media_url": "https://scontent.example/ad.jpg",
            "ctwa_clid": "Aff-norte-1",
            "welcome_message": "How can we help?",
        }
        assert only("text_from_ad") == message("text_from_ad", text="I saw your frames", referral=referral)

    def test_the_post_that_led_here(self) -> None:
        referral = {
            "source_url": "https://fb.me/nortevideo",
            "source_id": "7700112244",
            "source_type": "post",
            "headline": "Our workshop",
            "media_type": "video",
            "media_url": "https://video.example/post.mp4",
            "thumbnail_url": "https://video.example/post.jpg",
        }
        assert only("text_from_post") == message("text_from_post", text="How much is this?", referral=referral)

    @pytest.mark.parametrize("part", [None, "x", [], {"id": []}, {"id": "w" * 256}, {"forwarded": "maybe"}])
    def test_a_context_that_makes_no_sense_is_no_context(self, part: object) -> None:
        (event,) = parse(notification(text(context=part, referral=part)))
        assert isinstance(event, MessageReceived)
        assert (event.quoted_wamid, event.forwarded, event.referral) == ("", False, {})


class ReactionTests:
    @pytest.mark.parametrize(
        ("name", "emoji"), [("reaction", "👍🏽"), ("reaction_removed", ""), ("reaction_emptied", "")]
    )
    def test_a_reaction_and_both_ways_to_take_it_back(self, name: str, emoji: str) -> None:
        expected = ReactionChanged(
            **about(), wamid=f"wamid.{name.upper()}", target_wamid="wamid.LIKED", party=AMARA, emoji=emoji
        )
        assert only(name) == expected

    def test_a_reaction_made_in_the_phone_app(self) -> None:
        assert only("echo_reaction") == ReactionChanged(
            **about(ECHO),
            wamid="wamid.ECHO_REACTION",
            target_wamid="wamid.THEIRS",
            party=NAMELESS,
            emoji="🙏",
            direction=Direction.OUTBOUND,
        )

    def test_a_reaction_to_nothing_is_a_bad_leaf(self) -> None:
        (event,) = parse(notification(text(type="reaction", reaction={"emoji": "👍"})))
        assert isinstance(event, BadLeaf)
        assert event.reason == "It has no usable id of the message reacted to."


class RevisionTests:
    def test_an_edited_text(self) -> None:
        assert only("edit") == MessageEdited(
            **about(), wamid="wamid.EDIT", target_wamid="wamid.MISSPELT", party=AMARA, text="I meant Thursday"
        )

    def test_an_edited_caption(self) -> None:
        assert only("edit_of_caption") == MessageEdited(
            **about(), wamid="wamid.EDIT_OF_CAPTION", target_wamid="wamid.PHOTO", party=AMARA, text="The other corner"
        )

    def test_an_edit_in_the_phone_app(self) -> None:
        assert only("echo_edit") == MessageEdited(
            **about(ECHO),
            wamid="wamid.ECHO_EDIT",
            target_wamid="wamid.ECHO_TEXT",
            party=NAMELESS,
            text="It is ready, come by until 18",
            direction=Direction.OUTBOUND,
        )

    @pytest.mark.parametrize(
        "part", [None, {}, {"type": "poll"}, {"type": []}, {"type": "text", "text": {}}, {"type": "image"}]
    )
    def test_an_edit_without_words_does_not_wipe_out_the_message(self, part: object) -> None:
        edit = {"original_message_id": "wamid.MISSPELT", "message": part}
        (event,) = parse(notification(text(type="edit", edit=edit)))
        assert isinstance(event, BadLeaf)
        assert event.reason == "It does not say what the edited message says now."

    def test_a_deleted_message(self) -> None:
        assert only("revoke") == MessageRevoked(
            **about(), wamid="wamid.REVOKE", target_wamid="wamid.REGRETTED", party=AMARA
        )

    def test_a_message_deleted_in_the_phone_app(self) -> None:
        assert only("echo_revoke") == MessageRevoked(
            **about(ECHO),
            wamid="wamid.ECHO_REVOKE",
            target_wamid="wamid.ECHO_TEXT",
            party=NAMELESS,
            direction=Direction.OUTBOUND,
        )


class SystemTests:
    def line(self, name: str, party: Party, kind: str, body: str) -> object:
        return message(name, party=party, kind=Kind.SYSTEM, payload={"type": kind, "body": body}, opens_window=False)

    def test_a_new_number_comes_with_the_old_one(self) -> None:
        body = "Amara Okafor changed from 351915550123 to 351935550456"
        assert read("system_number_changed") == [
            self.line("system_number_changed", NAMELESS, "user_changed_number", body),
            ContactChanged(**about(), party=Party("351935550456"), previous=NAMELESS),
        ]

    def test_a_new_user_id_comes_with_the_old_one(self) -> None:
        old = Party(user_id=USER_ID, parent_user_id=PARENT)
        new = Party(user_id="PT.990011", parent_user_id="PT.ENT.990011")
        assert read("system_user_id_changed") == [
            self.line("system_user_id_changed", old, "user_changed_user_id", "Amara Okafor has a new id"),
            ContactChanged(**about(), party=new, previous=old),
        ]

    def test_a_sender_named_by_the_new_id_is_found_by_the_old_number(self) -> None:
        assert read("system_number_and_id_changed") == [
            self.line("system_number_and_id_changed", NAMELESS, "user_changed_number", "Amara Okafor changed number"),
            ContactChanged(**about(), party=Party("351935550456", "PT.990011"), previous=NAMELESS),
        ]

    def test_a_new_security_code_changes_no_ids(self) -> None:
        body = "Amara Okafor's security code changed"
        assert read("system_identity_changed") == [
            self.line("system_identity_changed", NAMELESS, "customer_identity_changed", body)
        ]

    def test_the_new_number_of_the_on_premises_api(self) -> None:
        assert read("system_on_premises")[1] == ContactChanged(
            **about(), party=Party("351935550456"), previous=NAMELESS
        )

    def test_a_system_message_of_a_kind_to_come_is_a_line(self) -> None:
        moved = {"type": "user_moved_to_mars", "body": "Bye", "wa_id": "351935550456"}
        (event,) = parse(notification(text(type="system", system=moved)))  # and links nobody
        assert isinstance(event, MessageReceived)
        assert event.payload == {"type": "other", "body": "Bye"}

    def test_a_new_number_in_older_words(self) -> None:
        change = {"type": "customer_changed_number", "body": "changed", "wa_id": "351935550456"}
        line, link = parse(notification(text(type="system", system=change)))
        assert isinstance(line, MessageReceived)
        assert line.payload["type"] == "user_changed_number"
        assert isinstance(link, ContactChanged)
        assert (link.previous, link.party) == (NAMELESS, Party("351935550456"))

    def test_a_new_user_id_of_somebody_whom_only_the_change_names(self) -> None:
        change = {"type": "user_changed_user_id", "user_id": "PT.2", "previous_user_id": "PT.1"}
        line, link = parse(notification(text(type="system", system=change, **{"from": None})))
        assert isinstance(line, MessageReceived)
        assert line.party == Party(user_id="PT.1")
        assert isinstance(link, ContactChanged)
        assert (link.previous, link.party) == (Party(user_id="PT.1"), Party(user_id="PT.2"))

    def test_a_change_that_names_nobody_is_a_bad_leaf(self) -> None:
        (event,) = parse(notification(text(type="system", system={"body": "x"}, **{"from": None})))
        assert isinstance(event, BadLeaf)

    def test_in_a_group_it_stays_in_the_group(self) -> None:
        (event,) = parse(notification(text(type="system", group_id="R3JvdXA", system={"body": "x"})))
        assert isinstance(event, MessageReceived)
        assert event.group_id == "R3JvdXA"


class EchoTests:
    def test_a_text_from_the_phone_app(self) -> None:
        assert only("echo_text") == message("echo_text", path=ECHO, party=NAMELESS, text="It is ready, come by", **OURS)

    def test_a_photo_from_the_phone_app(self) -> None:
        assert only("echo_image") == message(
            "echo_image",
            path=ECHO,
            party=NAMELESS,
            kind=Kind.IMAGE,
            text="Finished",
            media=file(3100014, "image/jpeg"),
            **OURS,
        )

    def test_to_somebody_without_a_phone_number(self) -> None:
        assert only("echo_without_phone") == message(
            "echo_without_phone", path=ECHO, party=NO_PHONE, text="It is ready", **OURS
        )

    def test_the_undocumented_field_has_the_same_leaves(self) -> None:
        assert only("message_echo") == message(
            "message_echo", path=ECHO, party=NAMELESS, text="From another of our programs", **OURS
        )


class StandbyTests:
    def test_what_comes_while_an_ai_agent_holds_the_conversation(self) -> None:
        question, answer, status = read("standby")
        inside = f"{LEAF}.standby"
        assert question == message(
            "standby", path=f"{inside}.messages[0]", text="A question for the machine", standby=True
        )
        assert isinstance(answer, MessageReceived)
        assert (answer.origin, answer.direction, answer.standby) == (Origin.AI_AGENT, Direction.OUTBOUND, True)
        assert (answer.party, answer.text) == (AMARA, "The machine's answer")
        assert isinstance(status, StatusChanged)
        assert (status.wamid, status.status, status.path) == (
            "wamid.STANDBY_ECHO",
            "read",
            f"{inside}.statuses[0]",
        )

    def test_an_echo_of_the_ai_agent_holds_its_content_one_level_deeper(self) -> None:
        answer, question = read("standby_echo")
        assert answer == message(
            "standby_echo_nested",
            path=f"{LEAF}.standby.message_echoes[0]",
            text="We open at nine.",
            quoted_wamid="wamid.STANDBY",
            direction=Direction.OUTBOUND,
            origin=Origin.AI_AGENT,
            standby=True,
            opens_window=False,
        )
        assert isinstance(question, MessageReceived)
        assert (question.kind, question.text, question.party) == (Kind.INTERACTIVE, "Shall I book a table?", AMARA)

    def test_an_echo_to_a_group_is_in_the_group(self) -> None:
        leaf = text(**{"from": None, "to": "R3JvdXBPZk5vcnRl", "recipient_type": "group"})
        (event,) = parse(notification(leaf, key="message_echoes", field="message_echoes"))
        assert isinstance(event, MessageReceived)
        assert (event.group_id, event.party, event.direction) == ("R3JvdXBPZk5vcnRl", Party(), Direction.OUTBOUND)

    def test_its_raw_leaf_is_kept_as_it_came(self) -> None:
        leaf = {"id": "wamid.DEEP", "message": {"to": "351915550123", "type": "text", "text": {"body": "Hello"}}}
        value = {"message_echoes": [leaf]}
        (event,) = parse(notification(None, field="standby", standby=value, messages=None))
        assert isinstance(event, MessageReceived)
        assert event.raw == leaf

    def test_echoes_to_two_people_are_not_taken_for_one_person(self) -> None:
        leaves = [
            {"id": f"wamid.TO{to}", "message": {"to": to, "type": "text", "text": {"body": "Hello"}}}
            for to in ("351915550123", "351915550124")
        ]
        contacts = [{"wa_id": "351915550123", "profile": {"name": "Amara Okafor"}}]
        value = {"contacts": contacts, "message_echoes": leaves}
        found = parse(notification(None, field="standby", standby=value, messages=None))
        assert [event.party for event in found if isinstance(event, MessageReceived)] == [
            AMARA,
            Party(wa_id="351915550124"),
        ]


class IdTests:
    @pytest.mark.parametrize("id", [None, "", " ", [], {}, True, "w" * 256])
    def test_without_an_id_it_is_a_bad_leaf_because_a_redelivery_could_not_be_told(self, id: object) -> None:
        (event,) = parse(notification(text(id=id)))
        assert isinstance(event, BadLeaf)
        assert event.reason == "It has no usable message id."

    def test_the_longest_id_that_rows_keep_is_kept(self) -> None:
        (event,) = parse(notification(text(id="w" * 255)))
        assert isinstance(event, MessageReceived)
        assert event.wamid == "w" * 255
