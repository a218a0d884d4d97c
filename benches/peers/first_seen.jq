# One line for each record: its time, a comma, then account, key and action as CSV.
def text: strings | select(. != "");
.Records[]?
| select((.eventSource // "") != "" and (.eventName // "") != "")
| .userIdentity as $who
| .eventTime + "," + ([
    first(($who.accountId | text), (.recipientAccountId | text), "-"),
    first((select($who.type == "AssumedRole") | $who.sessionContext.sessionIssuer.arn | text),
          ($who.arn | text), ($who.principalId | text), ($who.invokedBy | text), ($who.type | text), "-"),
    .eventSource + ":" + .eventName
  ] | @csv)
