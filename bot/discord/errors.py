"""Delivery's action for each error of Discord or the network.

Source: Discord's error codes (documentation, opcodes and status codes) and the measured behaviour
of discord.py: a 429 longer than ``max_ratelimit_timeout`` is ``RateLimited``, a 429 that Discord
itself did not send has no ``Via`` header.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.discord.limits import GlobalLimit
from bot.errors import DeliveryAction, DeliveryError

# Discord's codes. What is not among them is judged by the status alone: the edge has codes of its
# own (Cloudflare's 40333, say), and none of them says anything about a channel.
_CODES = {
    DeliveryAction.CHANNEL_GONE: (10003, 10004),  # 10004: with its whole server
    DeliveryAction.MESSAGE_GONE: (10008, 50005),  # 50005: somebody else's, ours is lost
    # 50001, 50013: a right is missing; 50007, 50278: a person takes no private messages; 50008: a
    # forum or a category, nothing can be posted there; 160005: a locked thread.
    DeliveryAction.CHANNEL_BLOCKED: (50001, 50013, 50007, 50278, 50008, 160005),
    DeliveryAction.ARCHIVED: (50083,),
    DeliveryAction.NO_REPLY: (160002, 160009),
    DeliveryAction.REFUSED: (40005, 50006, 50035, 50109, 200000),  # 200000: by AutoMod
    DeliveryAction.WAIT: (20016, 20022, 20028, 30046),
}
_ACTIONS = {code: action for action, codes in _CODES.items() for code in codes}
_INVALID_FORM = 50035
_DEFAULT_WAIT_S = 5.0
_LONGEST_WAIT_S = 3_600.0


@contextmanager
def as_delivery_errors(limit: GlobalLimit) -> Iterator[None]:
    """Turn whatever goes wrong inside into a DeliveryError with its action.

    ``limit``: one on everything the bot does concerns all channels.
    """
    try:
        with _as_delivery_error():
            yield
    except DeliveryError as error:
        left_s = limit.left_s()
        if error.action is not DeliveryAction.WAIT or not left_s:
            raise
        raise DeliveryError(str(error), DeliveryAction.PAUSE, retry_after_s=left_s) from error


@contextmanager
def _as_delivery_error() -> Iterator[None]:
    try:
        yield
    except discord.RateLimited as error:
        raise DeliveryError(
            "rate limited", DeliveryAction.WAIT, retry_after_s=error.retry_after
        ) from error
    except discord.HTTPException as error:
        raise _of_answer(error) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise DeliveryError(f"no answer from Discord: {error!r}", DeliveryAction.RETRY) from error
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        # discord.py takes an answer at its word: one that is no JSON, or lacks what it must have.
        # Or it cannot send what we made.
        raise DeliveryError(f"unreadable answer: {error!r}", DeliveryAction.UNREADABLE) from error
    except RuntimeError as error:
        # aiohttp says so of a client that is being replaced by a fresh one.
        if "closed" not in str(error):
            raise
        raise DeliveryError("the client is being replaced", DeliveryAction.RETRY) from error


def _of_answer(error: discord.HTTPException) -> DeliveryError:
    named: object = error.code
    code = named if isinstance(named, int) else 0  # whatever the body said
    action = _ACTIONS.get(code) or _of_status(error)
    if code == _INVALID_FORM and "message_reference" in error.text:
        action = DeliveryAction.NO_REPLY
    wait_s = _named_wait_s(error) if action is DeliveryAction.WAIT else 0.0
    return DeliveryError(str(error), action, retry_after_s=wait_s, code=code, status=error.status)


def _of_status(error: discord.HTTPException) -> DeliveryAction:
    match error.status:
        case 401:
            return DeliveryAction.TOKEN
        case 429:
            return DeliveryAction.WAIT if error.response.headers.get("Via") else DeliveryAction.HALT
        case 413:
            return DeliveryAction.REFUSED
        case 400 if error.code:
            return DeliveryAction.UNREADABLE  # a code we do not know
        case _:
            return DeliveryAction.RETRY


def _named_wait_s(error: discord.HTTPException) -> float:
    """Only short waits get here, after discord.py itself has waited five times."""
    try:
        named_s = float(error.response.headers.get("Retry-After", ""))
    except ValueError:
        return _DEFAULT_WAIT_S
    return min(max(named_s, 0.0), _LONGEST_WAIT_S) if math.isfinite(named_s) else _DEFAULT_WAIT_S
