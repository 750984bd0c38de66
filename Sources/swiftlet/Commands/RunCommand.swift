import ArgumentParser
import EdgeAgent

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the agent in the foreground, as swiftletd does as a service.",
    discussion: """
      Example: swiftlet run --config Examples/folder.yaml

      Ctrl-C ends in order; a second one at once. SIGHUP applies a changed configuration.
      """)

  @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
  var config = Daemon.defaultConfigurationPath

  func run() async throws {
    if case .failed = await Daemon.run(configurationPath: config, name: "swiftlet") { throw CommandFailure("") }
  }
}
