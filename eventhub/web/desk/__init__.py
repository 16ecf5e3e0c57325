"""The desk: where organisers prepare, allot and publish, and officers look after their own units' people."""
