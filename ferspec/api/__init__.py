"""The Python interface: a module for each verb, and the record of what each is asked.

``ferspec`` itself re-exports the verbs. Each takes keywords; beside it stands the function that takes the record.
"""
