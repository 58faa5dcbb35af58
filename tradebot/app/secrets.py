"""Secrets from where the settings say that they are kept."""

import stat
from collections.abc import Mapping
from pathlib import Path

from tradebot.config.settings import SecretName
from tradebot.errors import ConfigError

_BYTES_MAX = 4096


def read_secret(name: SecretName, environ: Mapping[str, str]) -> str:
    """Return a secret.

    Raises:
        ConfigError: it is not there, or others may read it; the message does not tell it.
    """
    text = environ.get(name.name, "") if name.source == "env" else _credential(name, environ)
    secret = text.strip()
    if not secret:
        where = "variable of the environment" if name.source == "env" else "credential"
        raise ConfigError(f"the secret {name}: there is no such {where}, or it is empty")
    if not (secret.isascii() and secret.isprintable()):
        raise ConfigError(f"the secret {name} holds what no key has")
    return secret


def _credential(name: SecretName, environ: Mapping[str, str]) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        what = "systemd gives credentials only to a unit with LoadCredential"
        raise ConfigError(f"the secret {name}: CREDENTIALS_DIRECTORY is not set; {what}")
    path = Path(folder) / name.name
    try:
        if path.stat().st_mode & stat.S_IRWXO:
            raise ConfigError(f"the secret {name}: others may read {path}")
        return path.read_bytes()[:_BYTES_MAX].decode()
    except OSError as error:
        raise ConfigError(f"the secret {name}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the secret {name}: {path} is no text") from error
