import ArgumentParser
import EdgeAgent
import Glibc

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the agent in the foreground, as swiftletd does as a service.",
    discussion: """
      Example: swiftlet run --config Examples/folder.yaml

      Ctrl-C ends in order; a second one at once. SIGHUP applies a changed configuration.
      """)

  @Option(help: ArgumentHelp("The configuration (default: \(Daemon.defaultConfigurationPath)).", valueName: "file"))
  var config: String?

  func run() async throws {
    let config = try config ?? serviceConfiguration()
    if case .failed = await Daemon.run(configurationPath: config, name: "swiftlet") { throw CommandFailure("") }
  }

  private func serviceConfiguration() throws -> String {
    let path = Daemon.defaultConfigurationPath
    guard unsafe access(path, F_OK) != 0, errno == ENOENT else { return path }
    throw CommandFailure(
      "there is no \(path); name a configuration: swiftlet run --config FILE, Examples/conveyor.yaml for instance (swiftlet demo needs none)")
  }
}
