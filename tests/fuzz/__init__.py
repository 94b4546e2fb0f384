"""Mutated bytes for everything that reads foreign ones: always a verdict or a sentence.

The suite checks a little, and the same each time. ``python -m tests.fuzz N`` does N times as much,
at random; what it finds is shown with the smallest example.

What reads foreign bytes, and where it is tried:

- web servers: status lines, headers, chunks, charsets, redirects, TLS: test_http_answers
- certificates in DER, and names in them that are no text: test_certificates
- name servers: test_name_servers
- people: addresses, names, header fields, spans, times, days, zones, statuses: test_typed
- people through Discord: options, half-typed options, ids of buttons, forms: test_interactions
- files: imports (our JSON, CSV, Uptime Kuma), scenarios, ``.env``, catalogues: test_files
- the database after rot: packed checks, the judge's memory, certificates reported: test_stored
- Discord, or a server like it: answers to posts, error bodies: test_discord_answers;
  to the doctor: test_doctor_answers
"""
