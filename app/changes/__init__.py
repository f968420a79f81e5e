"""Changesets: the one way in. Drafted, submitted, approved by a second person, published.

kinds        the nouns: content model, facets, outcomes
outcomes     one table of rules, one pure function
ahead        subjects as they stand and as the decisions leave them
deciding     from decisions to acts
voiding      taking a published act out
afterwards   what is asked when all decisions are worked out
drafts       drafting, submitting, reviewing
publishing   the step that writes
written      what it wrote
"""
