"""The operator's dashboard: a page in the browser, and every failure with the button that mends it.

The plugin has routes and static files alone. Whatever the page shows it asks
`/graphql` for, with the token of whoever looks; the files hold nothing of the
store, so they need no token. Other plugins add pages, panels and links to
their entities by the hook `register_dashboard`, in their `with_dashboard.py`.

Where what is: `static/pages` has a module for each page, `static/parts` what
pages are made of, `static/graphql.js` is the one module that talks to GraphQL,
`static/kit.js` names what modules of other plugins may import, and
`static/vendor` holds libraries from npm (`tools/update_dashboard.py`).

Tables: none. States, events, error codes: none.

Other plugins may import `store`: the records of the hook.
"""
