"""Every setting, with the reason beside it. Read once, at start."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables ``QINGDAN_*``; the defaults serve a registry on one machine without servers."""

    model_config = SettingsConfigDict(env_prefix="QINGDAN_", extra="ignore")

    data_dir: Path = Field(
        Path("data"), description="where the embedded database, index, files and keys live"
    )
    database_url: str = Field(
        "", description="empty: SQLite under the data directory; postgresql://... otherwise"
    )
    database_connections: int = Field(
        30,
        ge=10,
        description="most connections that a worker has to a PostgreSQL server, which takes 100 in all by default",
    )
    public_url: str = Field(
        "", description="the site's address in QR codes, feeds and the sitemap; empty: as each request has it"
    )
    pdf_font: str = Field(
        "", description="a Chinese font file, or its folder, for PDFs; empty: one found on the machine"
    )
    signing_key: str = Field(
        "", description="the Ed25519 key (PEM) that signs editions; empty: made under the data directory"
    )
    search_url: str = Field("", description="empty: the embedded engine; a URL: a Meilisearch server")
    search_key: str = Field("", description="the Meilisearch key for searching (`qingdan keys` makes both)")
    index_key: str = Field(
        "",
        description="the Meilisearch key for writing this registry's indexes; empty: the one for searching",
    )
    search_index: str = Field(
        "qingdan",
        pattern=r"^[A-Za-z0-9_-]{1,80}$",
        description="what the names of this registry's indexes on the Meilisearch server begin with",
    )
    synonyms: str = Field(
        "",
        description="a file with the office's own everyday words, written like search/data/synonyms.toml: a word of it"
        " replaces the shipped one; empty: the shipped ones alone",
    )
    lock_timeout: float = Field(30.0, description="seconds a writer waits for another before it gives up")
    access_log_months: int = Field(
        6, ge=6, description="how long sign-ins and refusals are kept; the law's floor is 6"
    )
    max_upload_mb: int = Field(
        50,
        ge=1,
        description="largest file that is uploaded: to be imported, attached, read back; in MB of 2**20",
    )
    known_at_items: int = Field(
        20_000,
        ge=1,
        description="most items that an export or list with known_at works out; each takes about a millisecond",
    )
    max_body_mb: int = Field(
        32,
        ge=1,
        description="largest changeset as a request's body; what is no file beside it is 2 MB at most",
    )
    password_policy: Literal["asvs", "djbh3"] = Field(
        "asvs",
        description="asvs: long, not common, never changed by time alone; djbh3: 等保三级, three kinds of"
        " characters, 90 days",
    )
    session_idle_minutes: int = Field(30, ge=1, description="an office session ends when unused for so long")
    session_hours: int = Field(12, ge=1, description="an office session ends after so long in any case")
    oidc_issuer: str = Field(
        "",
        description="the address of the government's own sign-on (OpenID Connect); empty: local accounts alone",
    )
    oidc_client_id: str = Field("", description="what this registry is called there")
    oidc_client_secret: str = Field(
        "", description="the secret agreed with it; empty: a public client, by PKCE alone"
    )
    oidc_name: str = Field("统一身份认证", description="what people call that sign-on; on its button")
    oidc_ca: str = Field(
        "", description="a file of the certificates that sign the provider's own; empty: those of the machine"
    )
    checks_off: str = Field(
        "",
        description="codes of checks that are not made, divided by commas (`qingdan check --codes` lists all)",
    )
    checks_block: str = Field(
        "", description="codes of checks that hold up submitting and publishing, divided by commas"
    )
    checks_vague: str = Field(
        "", description="further words that make a material's name vague, divided by commas"
    )
    checks_provisional_months: int = Field(
        12, ge=1, description="months after which a provisional permit of a province has run out"
    )
    overlap_score: int = Field(
        75, ge=50, le=100, description="from which score on two items are shown as perhaps one power"
    )
    log_format: Literal["plain", "json"] = Field(
        "plain",
        description="json: one JSON object a line on standard error, requests among them, each with its id",
    )
    rate_per_minute: int = Field(
        1200,
        ge=0,
        description="API requests a minute from one address without a key, in each worker; 0: no limit",
    )
    key_rate_per_minute: int = Field(12_000, ge=0, description="the same with one key; 0: no limit")
    local_rate_per_minute: int = Field(
        600_000,
        ge=0,
        description="the same from this machine itself, whose batch work and measuring would be held up; 0: no limit",
    )
    page_rate_per_minute: int = Field(
        3000,
        ge=0,
        description="pages a minute for one address, which may be a whole office's, in each worker; 0: no limit",
    )
    sign_in_rate_per_minute: int = Field(
        60,
        ge=0,
        description="sign-ins a minute from one address, in each worker; a second factor counts too; 0: no limit",
    )
    webhooks_private: bool = Field(
        False,
        description="webhooks may go to private addresses: on where receivers are within the same network",
    )
    drain_index: bool = Field(
        True,
        description="serve updates the index, delivers webhooks and writes dumps itself; off where `worker` does",
    )

    dump_hour: int = Field(
        2,
        ge=-1,
        le=23,
        description="hour of the day (Asia/Shanghai) from which serve or worker writes the day's dump; -1: none",
    )
    dumps_kept: int = Field(14, ge=1, description="dump files that stay; older ones are deleted")

    @field_validator("database_url")
    @classmethod
    def _of_a_known_kind(cls, url: str) -> str:
        """The address itself is not repeated: it may hold a password."""
        if not url:
            return url
        from sqlalchemy.engine import make_url  # only where a server is named
        from sqlalchemy.exc import ArgumentError

        try:
            kind = make_url(url).get_backend_name()
        except (ArgumentError, ValueError):
            kind = ""
        if kind not in ("sqlite", "postgresql", "postgres"):
            raise ValueError("应写成 postgresql://用户:口令@主机/数据库，或留空")
        return url

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL, with the driver named."""
        url = self.database_url or f"sqlite:///{self.data_dir.resolve() / 'qingdan.db'}"
        if url.startswith(("postgres://", "postgresql://")):
            url = "postgresql+psycopg://" + url.split("://", 1)[1]
        return url

    @property
    def drain_lock(self) -> Path:
        """Held by the one process that brings the search index up."""
        return self.data_dir / "drain.lock"

    @property
    def deliver_lock(self) -> Path:
        """Held by the one process that delivers webhooks."""
        return self.data_dir / "deliver.lock"

    @property
    def dump_lock(self) -> Path:
        """Held by the one process that writes the nightly dumps."""
        return self.data_dir / "dump.lock"

    @property
    def dumps_dir(self) -> Path:
        """Dump files that are served."""
        return self.data_dir.resolve() / "dumps"

    @property
    def index_dir(self) -> Path:
        return self.data_dir.resolve() / "index"

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 2**20

    @property
    def max_body_bytes(self) -> int:
        return self.max_body_mb * 2**20

    @property
    def marked_dir(self) -> Path:
        """Filled workbooks that came back wrong, until their marked copies are taken."""
        return self.data_dir.resolve() / "marked"

    @property
    def works_dir(self) -> Path:
        """How far work in the background is and what it came to, for any process to tell; for a day."""
        return self.data_dir.resolve() / "works"

    @property
    def arrivals_dir(self) -> Path:
        """Files that the office tries before anything of them is drafted."""
        return self.data_dir.resolve() / "arrivals"

    @property
    def files_dir(self) -> Path:
        return self.data_dir.resolve() / "files"
