import ArgumentParser
import EdgeAgent
import JSONReading

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "What the running agent is doing: cameras, models, queue, broker, last update.",
    discussion: """
      Asks the agent that runs on a storage folder, by the socket there; whoever may read that folder may ask.

      Examples:
        swiftlet status
        swiftlet status --config Examples/conveyor.yaml --json
      """)

  @Option(help: ArgumentHelp("The agent's configuration, which names its storage.", valueName: "file"))
  var config = Daemon.defaultConfigurationPath

  @Option(help: ArgumentHelp("The agent's storage folder, in place of a configuration.", valueName: "folder"))
  var storage: String?

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let bytes = try settings().askRunningAgent()
    if json { return Terminal.show("\(String(decoding: bytes, as: UTF8.self))\n") }
    guard let value = try? JSONParser.parse(bytes), let report = StatusReport(value) else {
      throw CommandFailure("the agent's answer isn't understood; it may be of another version")
    }
    Terminal.show(report.text)
  }

  private func settings() throws -> StorageSettings {
    if let storage { return StorageSettings(path: storage) }
    let reading = AgentConfiguration.read(path: config)
    guard let storage = reading.storage else {
      throw CommandFailure("\(reading.mistakes.first?.description ?? "\(config) can't be read"); name another by --config, or the agent's folder by --storage")
    }
    // An agent that runs has read it before somebody made the mistake.
    if let mistake = reading.mistakes.first { Terminal.note("\(mistake.description); a running agent goes on with what it had read before") }
    return storage
  }
}
