"""What is said of the routes beside their bodies; tests/api/test_openapi.py holds them true."""

from tests.api.test_access import NEEDS, OPEN
from tradebot.api.operations import OPERATIONS


def test_every_operation_is_told_once_and_says_what_it_does():
    places = [(operation.method, operation.path) for operation in OPERATIONS]
    assert len(set(places)) == len(places)
    assert len({operation.summary for operation in OPERATIONS}) == len(OPERATIONS)


def test_an_operation_needs_the_key_that_its_route_asks_for():
    for operation in OPERATIONS:
        place = operation.method.upper(), operation.path
        if operation.scope is None:
            assert place in OPEN
        else:
            assert operation.scope.value == NEEDS[place]


def test_what_changes_something_may_meet_a_disk_that_refuses():
    posts = [operation for operation in OPERATIONS if operation.method == "post"]
    readers = {"/api/v1/activetrades", "/api/v1/reconcile"}
    assert all(503 in operation.errors or operation.path in readers for operation in posts)
