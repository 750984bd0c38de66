import ArgumentParser
import ReleaseAuthoring

struct ReleaseHaltCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "halt",
    abstract: "Halt a version on channels with the keeper's key, or lift such a halt.",
    discussion: """
      Examples:
        swiftlet release halt fleet surface-defects 1.4.0 --channel line-a --reason "too many false alarms"
        swiftlet release halt fleet surface-defects 1.4.0 --lift
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "The package's name.")
  var name: String

  @Argument(help: "Its version.")
  var version: String

  @Option(help: ArgumentHelp("A channel; may be repeated. By default all that it is staged on.", valueName: "name"))
  var channel: [String] = []

  @Option(help: ArgumentHelp("Why, for those who look after the devices.", valueName: "text"))
  var reason = "halted by hand"

  @Flag(help: "Take the halt back.")
  var lift = false

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    guard !lift || channel.isEmpty else { throw ValidationError("--lift takes the whole halt back; leave out --channel") }
  }

  func run() throws {
    let release = try folder.folder()
    let keys = try folder.keyChain(release)
    guard !lift else {
      return try release.liftHalt(name, version, keys, at: .now).show(release.path, json: json, saying: ["\(name) \(version): the halt is lifted"])
    }
    guard let package = try release.status(at: .now).packages.first(where: { $0.name == name && $0.version == version }) else {
      throw CommandFailure("no \(name) \(version) is released; see: swiftlet release status \(release.path)")
    }
    let channels = channel.isEmpty ? Array(package.channels.keys) : channel
    guard !channels.isEmpty else { throw CommandFailure("\(name) \(version) is on no channel; nothing is to be halted") }
    let halt = Halt(name: name, version: version, channels: Dictionary(channels.map { ($0, 0) }) { one, _ in one }, reason: reason)
    try release.halt(halt, keys, at: .now).show(
      release.path, json: json, saying: ["\(name) \(version) is halted on \(channels.sorted().joined(separator: ", "))"])
  }
}
