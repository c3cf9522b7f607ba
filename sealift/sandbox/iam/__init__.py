"""Who may do what: policies read and judged here, with resources and request context (moto compares action names only).

`policies` reads documents, `conditions` judges their conditions, `verdicts` puts policies together, `principals` says
who calls, `resources` what a call touches, `gate` refuses. Nothing of it acts until `Sandbox.enforce`.
"""
