"""``tradebot keys``: make, list and revoke the keys of the API.

It edits the file of the keys, so it works whether a daemon runs or not; one that runs
notices within a second or so.
"""

import argparse
import json
import sys
from collections.abc import Iterator

from tradebot.app.key_file import ID_LENGTH_MIN, SCOPES, KeyFile
from tradebot.cli.client import add_state_argument, state_dir_of
from tradebot.cli.figures import local_time

EXIT_OK = 0
_TIME = "%Y-%m-%d %H:%M:%S"
_EXPLAINED = """\
scopes, each with all that the one before it may:
  read   look at trades, their history and their stories
  trade  create, change and leave trades, and send orders to the paper exchange
  admin  everything

A new key is printed once, alone on the last line; only its hash is kept:
  tradebot keys create --name phone --scope read > phone.key

exit codes: 0 done, 1 there is no such key, or one already, 2 usage
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Make, list and revoke the keys of the API."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    create = actions.add_parser("create", help="make a key and print it", allow_abbrev=False)
    create.add_argument("--name", required=True, help="what the log calls whoever uses it")
    create.add_argument("--scope", required=True, choices=SCOPES, help="what it may do")
    create.add_argument(
        "--tier",
        type=int,
        metavar="PER_MINUTE",
        help="how many questions, and how many changes, it may send a minute "
        "(default: 100 for read, 1000 for trade and admin)",
    )
    listing = actions.add_parser("list", help="list the keys", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="answer with one JSON object")
    revoke = actions.add_parser("revoke", help="refuse a key from now on", allow_abbrev=False)
    revoke.add_argument(
        "key",
        metavar="NAME|PREFIX",
        help=f"its name, or at least {ID_LENGTH_MIN} signs of its id; never the key itself",
    )
    for action in (create, listing, revoke):
        add_state_argument(action)


def main(args: argparse.Namespace) -> int:
    """Do what was asked, and return the exit code."""
    file = KeyFile(state_dir_of(args))
    match args.action:
        case "create":
            token, key = file.create(args.name, args.scope, args.tier)
            about = f"key {key.name} ({key.id}): {key.scope.value}, {key.per_minute} a minute"
            print(
                f"{about}; kept as a hash in {file.path}. It is not shown again:", file=sys.stderr
            )
            print(token)
        case "revoke":
            key = file.revoke(args.key)
            print(f"key {key.name} ({key.id}) is revoked")
        case _:
            print("\n".join(_listed(file, as_json=args.json)))
    return EXIT_OK


def _listed(file: KeyFile, *, as_json: bool) -> Iterator[str]:
    """Yield the lines of the list."""
    keys = file.listed()
    if as_json:
        told = [
            {
                "name": key.name,
                "scope": key.scope.value,
                "per_minute": key.per_minute,
                "created": key.created.isoformat(),
                "id": key.id,
            }
            for key in keys
        ]
        yield json.dumps({"keys": told}, indent=2)
        return
    if not keys:
        yield f"no keys in {file.path}; the local tools have one of their own"
        return
    width = max(4, *(len(key.name) for key in keys))
    yield f"{'NAME':<{width}}  SCOPE  PER MINUTE  CREATED              ID"
    for key in keys:
        yield (
            f"{key.name:<{width}}  {key.scope.value:<5}  {key.per_minute:>10}  "
            f"{local_time(key.created.isoformat(), _TIME)}  {key.id}"
        )
