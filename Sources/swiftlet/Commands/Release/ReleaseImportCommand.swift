import ArgumentParser
import EdgeAgent
import FoundationEssentials
import Glibc
import Updates

struct ReleaseImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Give this device a release that was carried here; the agent takes it by the same rules as one from the broker.",
    discussion: """
      The agent takes it within seconds, or when it starts.

      Example: swiftlet release import /media/stick/release --config /etc/swiftlet/swiftlet.yaml
      """)

  @Argument(help: ArgumentHelp("What release export wrote.", valueName: "folder"))
  var path: String

  @Option(help: ArgumentHelp("The agent's configuration.", valueName: "file"))
  var config = Daemon.defaultConfigurationPath

  @Option(help: ArgumentHelp("How long to wait for the agent, in seconds.", valueName: "seconds"))
  var wait = 60

  func run() throws {
    let reading = AgentConfiguration.read(path: config)
    guard let configuration = reading.configuration else {
      throw CommandFailure(reading.mistakes.first?.description ?? "\(config) can't be read")
    }
    guard configuration.updates != nil else { throw CommandFailure("\(config) has no section \"updates\": this device takes no releases") }
    let files = FileManager.default
    guard files.isReadableFile(atPath: "\(path)/metadata/timestamp") else {
      throw CommandFailure("\(path) is no release: metadata/timestamp isn't there; write one with swiftlet release export")
    }
    let inbox = CarriedRelease(configuration.storage)
    do { try lay(into: inbox) } catch { throw CommandFailure("\(inbox.waiting) can't be made: \(error); run this as the agent's user or as root") }
    for _ in 0..<max(0, wait) * 10 {
      usleep(100_000)
      guard let text = contents(of: inbox.outcome) else { continue }
      try? files.removeItem(atPath: inbox.done)
      let outcome = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      guard outcome == "taken" else { throw CommandFailure("the agent took nothing: \(outcome)") }
      Terminal.show("taken; swiftlet's topic models, and the agent's log, say what became of it\n")
      return
    }
    Terminal.show("it waits in \(inbox.waiting); no agent has taken it yet\n")
  }

  /// A copy beside, put into its place as a whole.
  private func lay(into inbox: CarriedRelease) throws {
    let files = FileManager.default
    for old in [inbox.draft, inbox.done, inbox.waiting, inbox.outcome] where files.fileExists(atPath: old) { try files.removeItem(atPath: old) }
    try files.createDirectory(atPath: inbox.draft, withIntermediateDirectories: true)
    for part in ["metadata", "blocks"] { try files.copyItem(atPath: "\(path)/\(part)", toPath: "\(inbox.draft)/\(part)") }
    try files.moveItem(atPath: inbox.draft, toPath: inbox.waiting)
  }
}
