import ArgumentParser

/// Groups what is done with cameras.
struct CameraCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "camera", abstract: "Look at cameras.", discussion: "Example: swiftlet camera list",
    subcommands: [CameraListCommand.self, CameraShowCommand.self])
}
