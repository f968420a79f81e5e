"""Every format in and out. Whatever comes in becomes records first (``records.py``)."""
