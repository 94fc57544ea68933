"""Who may call what: keys, people, scopes, signatures, certificates, rates, four eyes, audit.

One table (`operations`) says it for every RPC; one function (`gate.Gate.authorize`) looks at it,
for gRPC (`guard`) and for HTTP alike. What is allowed is known in memory; nothing is read or
written per call on the way of a payment.
"""
