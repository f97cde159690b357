"""The review page: routes, templates and static files, on Starlette.

`app.make_app` builds the application from `app_state.open_app_state(database, address, auth)`, and `server.serve` runs
it until it is stopped. Reviewers are identified by a link with a token; audio is addressed by track id.
"""
