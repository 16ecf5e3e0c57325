"""What certificates prove, evaluated by the auditor alone: no engine and no rule of theirs is asked."""
