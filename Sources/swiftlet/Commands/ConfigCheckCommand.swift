import ArgumentParser
import EdgeAgent

struct ConfigCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Name every mistake with its line and what was expected; the models that pipelines name are opened, too.",
    discussion: "Example: swiftlet config check /etc/swiftlet/swiftlet.yaml")

  @Argument(help: "The configuration file.")
  var file: String

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let reading = AgentConfiguration.read(path: file, opensModels: true)
    if json { showJSON(reading) } else { showText(reading) }
    if reading.configuration == nil { throw CommandFailure("") }
  }

  private func showText(_ reading: ConfigurationReading) {
    for mistake in reading.mistakes { Terminal.show("\(mistake.description)\n") }
    for warning in reading.warnings { Terminal.show("\(warning.description) (warning)\n") }
    guard let configuration = reading.configuration else { return }
    let broker = configuration.mqtt.map { "publishes to \($0.broker) as \(configuration.clientIdentifier)" } ?? "publishes nowhere, results stay in the outbox"
    let microphones = configuration.microphones.isEmpty ? "" : ", \(configuration.microphones.count) microphone(s)"
    let gates = configuration.gates.isEmpty ? "" : ", \(configuration.gates.count) gate(s)"
    let pipelines = configuration.pipelines.count + configuration.speech.count
    Terminal.show("\(file): good: \(pipelines) pipeline(s), \(configuration.cameras.count) camera(s)\(microphones)\(gates), \(broker)\n")
  }

  private func showJSON(_ reading: ConfigurationReading) {
    func list(_ messages: [(line: Int, message: String)]) -> JSON {
      .array(messages.map { .object([("line", .integer($0.line)), ("message", .string($0.message))]) })
    }
    let report = JSON.object([
      ("file", .string(file)),
      ("valid", .boolean(reading.configuration != nil)),
      ("mistakes", list(reading.mistakes.map { ($0.line, $0.message) })),
      ("warnings", list(reading.warnings.map { ($0.line, $0.message) })),
    ])
    Terminal.show("\(report.text)\n")
  }
}
