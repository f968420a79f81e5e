"""Changesets: the one way in. Drafted, submitted, approved by a second person, published.

kinds        the nouns: content model, facets, outcomes
outcomes     one table of rules, one pure function
drafts       drafting, submitting, reviewing
publishing   the step that writes
"""
