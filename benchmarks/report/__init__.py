"""Reports of devices. In: measured parts; out: report.json, report.md, charts, tables."""
