"""How the service reaches its database, on SQLite and on MySQL or MariaDB."""

import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from tortoise.config import AppConfig, ConnectionConfig, TortoiseConfig

from app.core import tortoise_guards
from app.core.settings import get_settings

MODEL_MODULES = [
    "app.core.models",
    "app.accounts.models",
    "app.audit.models",
    "app.orgs.models",
    "app.people.models",
    "app.messaging.models",
    "app.pairing.models",
    "app.rosters.models",
    "app.needs.models",
    "app.policies.models",
    "app.contacts.models",
    "app.campaigns.models",
    "app.bot.models",
]

# INSERT IGNORE makes the driver warn with the refused value in its text: an openid, a hash.
warnings.filterwarnings("ignore", category=pymysql.err.Warning)

# Rows *found*, not rows changed, so that a conditional UPDATE tells the same on MySQL and on SQLite.
_CLIENT_FOUND_ROWS = 2
# One statement for both servers: MariaDB reads the M! comment, MySQL 8 the other one.
_EACH_CONNECTION = (
    "SET SESSION time_zone='+00:00', innodb_lock_wait_timeout=5"
    "/*M!100000 , tx_isolation='READ-COMMITTED' */"
    "/*!80000 , transaction_isolation='READ-COMMITTED' */"
)


def _mysql_credentials(url: str, *, pool_size: int) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 3306,
        "user": unquote(parts.username or "root"),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
        "minsize": 1,
        "maxsize": pool_size,
        "connect_timeout": 3,
        "pool_recycle": 300,
        "charset": "utf8mb4",
        "client_flag": _CLIENT_FOUND_ROWS,
        "init_command": _EACH_CONNECTION,
    }


def _connection(url: str, *, pool_size: int) -> ConnectionConfig:
    if url.startswith("mysql://"):
        return ConnectionConfig(
            engine="tortoise.backends.mysql", credentials=_mysql_credentials(url, pool_size=pool_size)
        )
    if url.startswith("sqlite://"):
        path = url.removeprefix("sqlite://")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return ConnectionConfig(
            engine="tortoise.backends.sqlite",
            credentials={"file_path": path, "busy_timeout": 8000, "synchronous": "FULL"},
        )
    raise ValueError("LIANXIN_DATABASE_URL must start with mysql:// or sqlite://")


def tortoise_config(database_url: str, *, pool_size: int = 10) -> TortoiseConfig:
    """Describe the connection and the models to Tortoise; installs the guards first.

    Args:
        database_url: `sqlite://path` or `mysql://user:password@host:port/name`.
        pool_size: MySQL connections of this process; the sum over processes must stay under the server's.
    """
    tortoise_guards.install()
    return TortoiseConfig(
        connections={"default": _connection(database_url, pool_size=pool_size)},
        apps={"app": AppConfig(models=MODEL_MODULES, default_connection="default", migrations="migrations")},
        use_tz=True,
        timezone="UTC",
    )


def __getattr__(name: str) -> TortoiseConfig:
    # The tortoise command line asks for app.core.database.TORTOISE_ORM.
    if name == "TORTOISE_ORM":
        return tortoise_config(get_settings().database_url.get_secret_value())
    raise AttributeError(name)
