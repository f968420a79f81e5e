"""Working days and due dates, by the published holiday arrangements."""
