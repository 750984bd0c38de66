/// The version of this release, in `--version`, `state` and the user agent of messages.
public let agentVersion = "0.1.0"
