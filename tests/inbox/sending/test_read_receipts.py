"""What the customer sees of us: blue ticks once a conversation is read, typing, and neither where it is turned off."""

from __future__ import annotations

from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import ReadReceipt
from inbox.sending import read_receipts
from tests.simulated import Phone


def read_on_phone(phone: Phone) -> list[str]:
    return [one["status"] for one in phone.messages(person="amara", number=phone.number.phone_number_id) if one["mine"]]


class ReadReceiptTests:
    def test_the_customer_sees_blue_ticks(self, phone: Phone) -> None:
        conversation = phone.writes()

        read_receipts.report_read(conversation.pk)

        assert read_on_phone(phone) == ["read"]
        assert ReadReceipt.objects.get().conversation == conversation

    def test_it_is_told_once_for_each_newest_message(self, phone: Phone) -> None:
        conversation = phone.writes()
        read_receipts.report_read(conversation.pk)
        before = len(phone.calls())

        read_receipts.report_read(conversation.pk)

        assert len(phone.calls()) == before

    def test_reading_in_the_page_makes_one_job(self, phone: Phone) -> None:
        conversation = phone.writes()

        read_receipts.mark_read(conversation)
        read_receipts.mark_read(conversation)

        assert ProcrastinateJob.objects.filter(task_name="report_read").count() == 1

    def test_where_it_is_turned_off_nothing_is_told(self, phone: Phone) -> None:
        phone.number.read_receipts = False
        phone.number.save()
        conversation = phone.writes()

        read_receipts.mark_read(conversation)
        read_receipts.typing(conversation)

        assert not ProcrastinateJob.objects.filter(task_name__in=("report_read", "report_typing")).exists()


class TypingTests:
    def test_it_is_told_together_with_the_receipt(self, phone: Phone) -> None:
        conversation = phone.writes()

        read_receipts.report_typing(conversation.pk)

        assert read_on_phone(phone) == ["read"]
