"""Leaves out what schemathesis takes for valid and is not."""

import re

import schemathesis


@schemathesis.hook
def filter_case(_context, case):
    # Its coverage phase makes header values of letters and digits alone, has none for a pattern that
    # wants quotes, and then puts the number 0 there. The other phases do make entity tags.
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return True
    patterns = {
        parameter.name: parameter.definition["schema"].get("pattern", "")
        for parameter in case.operation.headers
    }
    return all(
        re.search(patterns.get(name, ""), str(value))
        for name, value in (case.headers or {}).items()
    )
