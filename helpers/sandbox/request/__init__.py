"""A request is read once, into one record: what is asked, who asks, and whether the signature is theirs."""
