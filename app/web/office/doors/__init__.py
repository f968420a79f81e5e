"""Who comes in: signing in, one's own account, what each address asks for (``visiting.TABLE``), and the page that
answers."""

from app.web.office.doors import own_tokens, sign_on, signing

PARTS = (signing, own_tokens, sign_on)
