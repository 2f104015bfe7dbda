"""Decisions about policies that need no database.

`facts` names what may be known of a person, `expressions` reads conditions, `logic` says whether they hold,
`amounts` how much is paid, `judging` what a policy means for a person, `questions` what to ask next,
`authoring` checks what an author writes, `likeness` groups persons, `wording` says it in words.
"""
