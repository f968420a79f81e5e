"""Every table in one import, for migrations and guards."""

from sqlmodel import SQLModel

from app.auth.models import Account, Credential, LinkedIdentity, SignedIn, SignOn, Stranger, Token
from app.changes.duties import Duty, Fulfilment
from app.changes.models import AnnexRow, ChangesetEvent, ChangesetTable, DraftDecision, DraftFile, Proposal
from app.checks.models import (
    CheckedItem,
    CheckException,
    CheckRun,
    FindingRow,
    LawCase,
    OverlapDecision,
)
from app.exchange.models import ImportRun, SourceKey, SourceSeen
from app.feedback.models import Feedback
from app.files import FileUpload, StoredFile
from app.hooks.models import Delivery, Webhook
from app.idempotency import Answered
from app.lists.models import Edition, EditionDraft, EditionRow, SigningKey
from app.log import AccessRecord
from app.outbox import Owed
from app.unsaved import UnsavedForm
from app.versions import models as versions

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "AccessRecord",
    "Account",
    "AnnexRow",
    "Answered",
    "ChangesetEvent",
    "ChangesetTable",
    "CheckException",
    "CheckRun",
    "CheckedItem",
    "Credential",
    "Delivery",
    "DraftDecision",
    "DraftFile",
    "Duty",
    "Edition",
    "EditionDraft",
    "EditionRow",
    "Feedback",
    "FileUpload",
    "FindingRow",
    "Fulfilment",
    "ImportRun",
    "LawCase",
    "LinkedIdentity",
    "OverlapDecision",
    "Owed",
    "Proposal",
    "SignOn",
    "SignedIn",
    "SigningKey",
    "SourceKey",
    "SourceSeen",
    "StoredFile",
    "Stranger",
    "Token",
    "UnsavedForm",
    "Webhook",
    "versions",
]
