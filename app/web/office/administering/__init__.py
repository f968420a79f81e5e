"""What administrators and auditors do: accounts, subscriptions to events, the access log."""

from app.web.office.administering import accounts, audit, webhooks

PARTS = (accounts, webhooks, audit)
