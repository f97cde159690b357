"""Decide: cases, decisions and their undo, leases, reviewers, the check sample, and tags written back to files.

Every function takes a connection and stays in the caller's transaction; what changes anything needs `database.write()`.

- `queue.next_item(connection, reviewer, filters, after=key)`: a `Question`, either a `case_id` or a `blind` track of
  the check sample, held for a quarter of an hour; `lease.hold` renews, `lease.release` gives back.
- `case_view.view_case(connection, case_id, near)`: a `CaseView` with all that is seen and heard; `near` is made once by
  `neighborhood.load_neighbor_index(connection)` and kept. `case.list_cases(connection, Filters(...), page=1)`.
- `decision.decide(connection, decision.case_doubts(connection, case_id, scope=, track_id=), verdict, reviewer,
  genre_id=, seen=view.seen)`: a `Decided` with its `batch` and what the reviewer must be told; `decision.undo(connection,
  batch, reviewer)`; `decision.last_batch(connection, reviewer=)` is what the key for undo takes back.
- `sample.judge_blind(connection, track_id, reviewer, genre_id=)`: a `Revealed`; then `case_view.view_track`.
- `reviewer.find_reviewer(connection, token)`: who it is, or None. `progress.review_progress(connection)`.

`InvalidVerdictError`, `NothingToDecideError` and `ReviewerError` carry one line for a person.
"""
