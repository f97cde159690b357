"""The review page: routes, templates and static files, on Starlette.

`app.make_app(site)` is the application, `site.open_app_state(database, address, links)` what it needs, and `server.serve`
runs it until it is stopped. Whoever comes in has a link with a token; sound is given by the id of a track.
"""
