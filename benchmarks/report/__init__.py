"""The report of one device: its schema, its file report.json, and everything made from that file.

The measurements of a run come in as the schema's structs; report.json, report.md with its charts,
comparisons of several reports and the table of devices go out.
"""
