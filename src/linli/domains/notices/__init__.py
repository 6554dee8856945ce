"""notices 通知: messages to those the bureau serves, in their inbox and by telephone, e-mail or WeChat."""
