import ArgumentParser

/// Groups what is done with configuration files.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check a configuration file.", discussion: "Example: swiftlet config check Examples/camera.yaml",
    subcommands: [ConfigCheckCommand.self])
}
