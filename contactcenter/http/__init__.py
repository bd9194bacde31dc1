"""The edge to browsers and programs: REST, websocket, sign-in, pages. It decides nothing about calls."""
