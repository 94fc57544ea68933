"""Where the operator's people work at settlement and reconciliation, each by their own key.

Those two take a typed name for a person. Here their services are served under the same names, with
the same messages, behind the gateway's door: who acts is whoever's key it is (`actors`), and the
call is passed on (`forwarding`). The rules stay with the services; what is kept here is the audit
log alone. Four eyes are those of two people's keys (`apart`).
"""
