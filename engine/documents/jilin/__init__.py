"""The language of the Jilin platform-to-hospital text: functions, business messages and the sealed envelope around them."""
