"""One frozen settings object, read from the environment once; every fault is reported in one go."""

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOCALES = ("zh_CN", "en")


class SettingsError(Exception):
    """The environment is wrong. `faults` holds one sentence for each thing to mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """All that differs between installations. Times in seconds, sizes in bytes."""

    database_url: str
    redis_url: str
    data_dir: Path
    secret_key: bytes = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    base_url: str = "http://127.0.0.1:8000"
    default_locale: str = "zh_CN"
    outgoing_allow: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    clock_offset_seconds: float = 0.0
    log_level: str = "info"
    log_json: bool = False
    mail_url: str | None = None
    pool_size: int = 8
    secure_cookies: bool = False
    event_days: int = 30
    """How long events and their deliveries are kept, can be sent again, and are held for who is switched off."""
    attempt_days: int = 14
    """How long each try of a delivery is kept, with what the receiver answered."""


@dataclass
class _Reader:
    environ: Mapping[str, str]
    faults: list[str] = field(default_factory=list)

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name) or default

    def number(self, name: str, default: float, low: float, high: float) -> float:
        raw = self.environ.get(name) or str(default)
        try:
            value = float(raw)
        except ValueError:
            self.faults.append(f"{name} must be a number, not {raw!r}")
            return default
        if not low <= value <= high:
            self.faults.append(f"{name} must lie between {low:g} and {high:g}, not {raw}")
            return default
        return value

    def flag(self, name: str, default: bool) -> bool:
        raw = self.environ.get(name, "").lower()
        if raw in ("", "0", "1", "true", "false", "yes", "no"):
            return default if raw == "" else raw in ("1", "true", "yes")
        self.faults.append(f"{name} must be true or false, not {raw!r}")
        return default

    def one_of(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def url(self, name: str, schemes: tuple[str, ...]) -> str:
        value = self.environ.get(name, "")
        if not value:
            self.faults.append(
                f"{name} is missing (`python3 -m campaign up` sets it for the embedded servers)"
            )
        elif not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            self.faults.append(f"{name} must start with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    def mail_url(self, name: str) -> str | None:
        value = self.environ.get(name) or None
        if value is not None:
            try:
                parts = urlsplit(value)
                good = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
            except ValueError:
                good = False
            if not good:
                self.faults.append(f"{name} must look like smtp://host:587 or smtps://user:password@host")
        return value

    def networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for part in filter(None, (p.strip() for p in self.environ.get(name, "").split(","))):
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError:
                self.faults.append(f"{name}: {part!r} is not an address range such as 127.0.0.0/8")
        return tuple(found)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises SettingsError naming every fault at once."""
    read = _Reader(os.environ if environ is None else environ)
    data_dir = Path(read.text("CAMPAIGN_DATA_DIR", "var")).absolute()
    host = read.text("CAMPAIGN_HOST", "127.0.0.1")
    port = int(read.number("CAMPAIGN_PORT", 8000, 0, 65535))
    settings = Settings(
        database_url=read.url("DATABASE_URL", ("postgresql", "postgres")),
        redis_url=read.url("REDIS_URL", ("redis", "rediss", "unix")),
        data_dir=data_dir,
        secret_key=_secret_key(read, data_dir),
        host=host,
        port=port,
        workers=int(read.number("CAMPAIGN_WORKERS", 1, 1, 64)),
        base_url=read.text("CAMPAIGN_BASE_URL", f"http://{host}:{port}").rstrip("/"),
        default_locale=read.one_of("CAMPAIGN_LOCALE", "zh_CN", LOCALES),
        outgoing_allow=read.networks("CAMPAIGN_OUTGOING_ALLOW"),
        trusted_proxies=read.networks("CAMPAIGN_TRUSTED_PROXIES"),
        clock_offset_seconds=read.number("CAMPAIGN_CLOCK_OFFSET", 0, -1e9, 1e9),
        log_level=read.one_of("CAMPAIGN_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
        log_json=read.flag("CAMPAIGN_LOG_JSON", False),
        mail_url=read.mail_url("CAMPAIGN_MAIL_URL"),
        pool_size=int(read.number("CAMPAIGN_POOL_SIZE", 8, 1, 200)),
        secure_cookies=read.flag("CAMPAIGN_SECURE_COOKIES", False),
        event_days=int(read.number("CAMPAIGN_EVENT_DAYS", 30, 7, 366)),
        attempt_days=int(read.number("CAMPAIGN_ATTEMPT_DAYS", 14, 1, 366)),
    )
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def _secret_key(read: _Reader, data_dir: Path) -> bytes:
    """Take CAMPAIGN_SECRET_KEY, else the key kept in the data folder, made on first use."""
    given = read.environ.get("CAMPAIGN_SECRET_KEY", "")
    if given:
        if len(given) < 32:
            read.faults.append("CAMPAIGN_SECRET_KEY must have at least 32 characters")
        return given.encode()
    path = data_dir / "secret.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    except OSError as error:
        read.faults.append(f"cannot read {path}: {error.strerror}")
        return b""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        # "x" so that of two processes starting at once one writes and the other reads its key.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        return path.read_bytes()
    except FileExistsError:
        return path.read_bytes()
    except OSError as error:
        read.faults.append(f"cannot write {path}: {error.strerror}")
        return b""
