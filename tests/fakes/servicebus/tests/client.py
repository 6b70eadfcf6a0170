"""What Microsoft's own client says of the fake: each function is one rule. argv: the connection string of a fake."""

import sys

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.exceptions import OperationTimeoutError, ServiceBusError, SessionCannotBeLockedError


def message(text, session="a", **more):
    return ServiceBusMessage(text, session_id=session, **more)


def send(client, queue, *messages):
    with client.get_queue_sender(queue) as sender:
        sender.send_messages(list(messages))


def session(client, queue, name=NEXT_AVAILABLE_SESSION, wait=5):
    return client.get_queue_receiver(queue, session_id=name, max_wait_time=wait)


def texts(messages):
    return [str(message) for message in messages]


def send_and_receive_ten_of_the_next_session(client):
    send(client, "ten", *[message(str(number), application_properties={"n": number}) for number in range(12)])
    with session(client, "ten") as receiver:
        assert receiver.session.session_id == "a", receiver.session.session_id
        ten = receiver.receive_messages(max_message_count=10, max_wait_time=5)
        assert texts(ten) == [str(number) for number in range(10)], texts(ten)
        assert ten[3].application_properties == {b"n": 3}, ten[3].application_properties
        assert ten[0].sequence_number == 1 and not ten[0].delivery_count
        for one in ten:
            receiver.complete_message(one)
        receiver.session.renew_lock()
    with session(client, "ten") as receiver:
        assert texts(receiver.receive_messages(10, max_wait_time=2)) == ["10", "11"]


def an_abandoned_message_comes_first_again(client):
    send(client, "abandon", message("1"), message("2"))
    with session(client, "abandon") as receiver:
        (one,) = receiver.receive_messages(1, max_wait_time=5)
        receiver.abandon_message(one)
        again = receiver.receive_messages(2, max_wait_time=5)
        assert str(again[0]) == "1" and again[0].delivery_count == 1, texts(again)


def a_dead_letter_tells_why(client):
    send(client, "dead", message("poison"), message("next"))
    with session(client, "dead") as receiver:
        (one,) = receiver.receive_messages(1, max_wait_time=5)
        receiver.dead_letter_message(one, reason="refused", error_description="no such field")
        assert texts(receiver.receive_messages(1, max_wait_time=5)) == ["next"]
    with client.get_queue_receiver("dead", sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=5) as letters:
        (letter,) = letters.receive_messages(1, max_wait_time=5)
        assert (str(letter), letter.dead_letter_reason) == ("poison", "refused")
        assert letter.dead_letter_error_description == "no such field"
        letters.complete_message(letter)


def a_session_has_one_holder(client):
    send(client, "one", message("a"), message("b", "b"))
    with session(client, "one", "a") as holder:
        assert len(holder.receive_messages(1, max_wait_time=5)) == 1
        try:
            with session(client, "one", "a"):
                raise AssertionError("a second holder")
        except SessionCannotBeLockedError:
            pass
        with session(client, "one") as other:
            assert other.session.session_id == "b"
    with session(client, "one", "a") as later:
        assert texts(later.receive_messages(1, max_wait_time=5)) == ["a"]


def no_session_is_told_in_time(client):
    try:
        with session(client, "empty", wait=1):
            raise AssertionError("there is no session")
    except (OperationTimeoutError, ServiceBusError) as error:
        assert "SessionCannot" not in type(error).__name__, error


def a_duplicate_is_dropped(client):
    send(client, "once", message("1", message_id="x"), message("2", message_id="x"), message("3", message_id="y"))
    with session(client, "once") as receiver:
        assert texts(receiver.receive_messages(3, max_wait_time=2)) == ["1", "3"]


def a_peek_takes_nothing(client):
    send(client, "peek", message("1"), message("2"))
    with session(client, "peek") as receiver:
        assert texts(receiver.peek_messages(5)) == ["1", "2"]
        assert texts(receiver.receive_messages(2, max_wait_time=5)) == ["1", "2"]


if __name__ == "__main__":
    rules = [
        send_and_receive_ten_of_the_next_session,
        an_abandoned_message_comes_first_again,
        a_dead_letter_tells_why,
        a_session_has_one_holder,
        no_session_is_told_in_time,
        a_duplicate_is_dropped,
        a_peek_takes_nothing,
    ]
    with ServiceBusClient.from_connection_string(sys.argv[1], retry_total=0) as client:
        for rule in rules:
            rule(client)
            print(rule.__name__, flush=True)
