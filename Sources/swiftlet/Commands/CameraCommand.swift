import ArgumentParser

/// Groups what is done with cameras.
struct CameraCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "camera", abstract: "Look at cameras.", subcommands: [CameraListCommand.self, CameraShowCommand.self])
}
