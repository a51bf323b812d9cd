"""Reports that are read: what happened within a day, a week or a month, as a mail with charts, and as PDF.

`periods` says which period ends when; `asking` asks the warehouse for its `figures`, each customer's apart; a module of
`parts` makes a section of them, in the words of a language; a `Document` of sections becomes the mail and the PDF,
which so say the same. `docs/reports-mailed.md` has it all.
"""
