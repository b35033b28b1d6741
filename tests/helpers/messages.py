"""The messages by which user errors are reported."""

import pytest

from ferspec.errors import UserError


def refusal(call, *arguments, **options):
    """Return the message of the ``UserError`` that a call raises, which is one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
