"""An independent judge of order-inventory and loyalty.

It knows the published page of their messages and rules (docs/decisions/0011) and what the topics hold: what was read, what was
written, what the changelogs keep. It shares no code with the plugins or the host, and uses Python's standard library only.
README.md says what it checks, how it places records that left nothing behind, and what it can not see.
"""
